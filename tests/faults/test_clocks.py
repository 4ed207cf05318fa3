"""The clocks of API, worker and Redis are wrong, each for itself: nothing is lost, nothing goes too early."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.redis_programs import bundled_server
from app.launcher.redis_server import free_port
from app.schemas.task import TaskStatus
from tests.faults.clocks import WRONG_BY_SECONDS, shifted
from tests.faults.conftest import TRIES, Ledger
from tests.faults.forgetful_redis import ForgetfulRedis
from tests.faults.harness import QUICK, Service, results_of, running_service

pytestmark = pytest.mark.faults

TASKS = 5
KEEP_SECONDS = 20.0
"""Less than what the clocks are wrong by: whoever counted with one would keep nothing, or all of it. More
than a busy machine takes for five short tasks."""

FAST, SLOW = WRONG_BY_SECONDS, -WRONG_BY_SECONDS


ALL_WRONG = [(FAST, SLOW, SLOW)]
ONE_WRONG = [(FAST, 0, 0), (SLOW, 0, 0), (0, FAST, 0), (0, SLOW, 0), (0, 0, FAST), (0, 0, SLOW)]
"""Each takes the best part of a minute, as real time has to pass: `make test` tries the worst case only."""


class _Clock:
    """That of a Redis, which the test sets."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set(0)

    def set(self, seconds: int) -> None:
        self.path.write_text(f"{seconds:+d}")


@pytest.mark.parametrize(("api", "worker", "redis"), ALL_WRONG if TRIES == 1 else [*ALL_WRONG, *ONE_WRONG])
async def test_clocks_are_wrong(
    settings_for: Callable[..., Settings],
    tmp_path: Path,
    ledger: Ledger,
    api: int,
    worker: int,
    redis: int,
    attempt: int,
) -> None:
    """API and worker are wrong from the start, Redis from its restart on, as after a failover."""
    fault = f"clocks wrong by {api:+d} s (API), {worker:+d} s (worker), {redis:+d} s (Redis)"
    clock = _Clock(tmp_path / "clock_of_redis")
    server = ForgetfulRedis(
        tmp_path / "redis", free_port(), program=bundled_server(), environment=shifted(clock.path)
    )
    server.start()
    try:
        settings = settings_for(**QUICK | {"redis_port": server.port, "keep_ended_seconds": KEEP_SECONDS})
        async with running_service(settings, tmp_path) as service, service.api(**shifted(api)) as client:
            service.start_worker(TASKS_IN_FLIGHT="2", **shifted(worker))
            done = [await service.accept(seconds=0.05) for _ in range(TASKS)]
            before = await results_of(client, done)
            assert await _gone_too_early(service, done) == set()
            mark = server.written()
            lost = [await service.accept(seconds=0.05) for _ in range(TASKS)]
            before |= await results_of(client, lost)
            with ledger.recovery(fault):
                clock.set(redis)
                server.lose(mark)
                assert await results_of(client, done + lost) == before
            ledger.ran_again(fault, sum(map(service.executions, done + lost)), 2 * TASKS)
            assert (await service.accept_and_end(seconds=0.05)).status is TaskStatus.DONE
            await service.until(service.no_files, 60 + 2 * WRONG_BY_SECONDS)
    finally:
        server.kill()


async def _gone_too_early(service: Service, task_ids: list[str]) -> set[str]:
    """Tasks whose results are not kept any more, though they ended less than KEEP_SECONDS ago."""
    gone = set(task_ids) - service.storage.outbox.listing().results
    standings = await service.maintenance.survey(gone)
    return {task_id for task_id in gone if standings[task_id].ended_seconds < KEEP_SECONDS}
