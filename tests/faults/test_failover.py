"""A replica that is behind becomes the master: what it had not heard of is lost, and no task with it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from app.core.config import Settings
from app.core.errors import QueueUnavailable
from tests.faults.conftest import TRIES, Ledger
from tests.faults.harness import QUICK, Service, results_of, running_service
from tests.faults.replication import replicated_redis

pytestmark = pytest.mark.faults

TASKS = 200
NEWEST = 30
"""Tasks whose results are read again and again until the failover, so that some that are read get lost."""


async def _send(service: Service, accepted: list[str], lost: asyncio.Event) -> None:
    """As clients do whose request is refused while nobody is the master: again.

    At least TASKS, and until the master is lost: some must be on their way to the replica then.
    """
    while len(accepted) < TASKS or not lost.is_set():
        try:
            accepted.append(await service.accept(seconds=0.05))
        except QueueUnavailable:
            await asyncio.sleep(0.1)
        await asyncio.sleep(0.01)


async def _read(client: httpx2.AsyncClient, accepted: list[str], results: dict[str, str]) -> None:
    while True:
        for task_id in accepted[-NEWEST:]:
            answer = await client.get(f"/transcribe/{task_id}")
            if answer.json()["status"] == "done":
                assert results.setdefault(task_id, answer.text) == answer.text
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("lag_seconds", [3] if TRIES == 1 else [1, 3])
async def test_failover_to_a_replica_that_is_behind(
    settings_for: Callable[..., Settings], tmp_path: Path, ledger: Ledger, lag_seconds: int, attempt: int
) -> None:
    """Three real Sentinels, which ask for a password, as Redis does, promote it while tasks come in, run, and
    have just been read as done."""
    fault = f"failover, replica {lag_seconds} s behind"
    async with replicated_redis(tmp_path) as redis:
        settings = settings_for(**QUICK | redis.settings | {"keep_ended_seconds": 10.0})
        async with running_service(settings, tmp_path) as service, service.api() as client:
            for _ in range(2):
                service.start_worker(TASKS_IN_FLIGHT="4")
            await service.alive(2)
            redis.fall_behind(lag_seconds)
            accepted: list[str] = []
            before: dict[str, str] = {}
            master_lost = asyncio.Event()
            sending = asyncio.create_task(_send(service, accepted, master_lost))
            reading = asyncio.create_task(_read(client, accepted, before))
            await service.until(lambda: _half_done(accepted, before), 120)
            reading.cancel()
            with ledger.recovery(fault):
                await redis.lose_master()
                master_lost.set()
                keys = [*map(service.keys.task, accepted), *map(service.keys.result, before)]
                lost = await redis.replica_lacks(keys)
                await redis.failed_over()
                await sending
                after = await results_of(client, accepted)
            assert lost > 0, "the replica was not behind"
            assert {name: after[name] for name in before} == before, "a result became another one"
            ledger.ran_again(fault, sum(map(service.executions, accepted)), len(accepted))
            await service.until(service.no_files, 120)
            assert await service.keys_left() == []


async def _half_done(accepted: list[str], results: dict[str, str]) -> bool:
    return len(accepted) >= TASKS // 2 and bool(results)
