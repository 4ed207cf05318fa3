"""Redis forgets the end of tasks: what was done stays done, what was deleted stays deleted."""

from pathlib import Path

import httpx2
import pytest

from app.core.config import Settings
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.forgetful_redis import ForgetfulRedis
from tests.faults.harness import Service, marker_of, results_of, running_service
from tests.faults.proxy import FaultyProxy

pytestmark = pytest.mark.faults

TASKS = 5
LONG_SECONDS = 30.0


@pytest.mark.parametrize("since", ["upload", "enqueue", "claim"])
async def test_the_end_of_tasks_is_lost(
    forgetful: ForgetfulRedis,
    forgetful_settings: Settings,
    tmp_path: Path,
    ledger: Ledger,
    since: str,
    attempt: int,
) -> None:
    """All were told to be done; Redis knows them not at all, as waiting, or as claimed by a worker."""
    async with running_service(forgetful_settings, tmp_path) as service, service.api() as client:
        marks = {"upload": forgetful.written()}
        task_ids = [await service.accept(seconds=0.3) for _ in range(TASKS)]
        marks["enqueue"] = forgetful.written()
        service.start_worker(TASKS_IN_FLIGHT=str(TASKS))
        for task_id in task_ids:
            await service.processing(task_id)
        marks["claim"] = forgetful.written()
        before = await results_of(client, task_ids)
        fault = f"Redis loses the end of tasks, since their {since}"
        with ledger.recovery(fault):
            forgetful.lose(marks[since])
            after = await results_of(client, task_ids)
        assert after == before, "a result that was read became another one"
        executions = sum(map(service.executions, task_ids))
        ledger.ran_again(fault, executions, TASKS)
        assert executions == TASKS, "a result that exists wins over a second run"
        await service.gone()


async def test_a_result_is_lost_whose_writer_was_not_answered(
    forgetful: ForgetfulRedis, forgetful_settings: Settings, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """A client has read it, the worker does not know that Redis had it, and its claim is lost, too."""
    fault = "Redis loses a result and its claim, unanswered"
    async with (
        running_service(forgetful_settings, tmp_path) as service,
        service.api() as client,
        FaultyProxy(forgetful.port) as proxy,
    ):
        task_id = await service.accept(seconds=0.1)
        mark = forgetful.written()
        service.start_worker(REDIS_PORT=str(proxy.port))
        proxy.drop_reply_of(marker_of("complete"))
        await proxy.marked.wait()
        proxy.black_hole()
        before = await results_of(client, [task_id])
        with ledger.recovery(fault):
            forgetful.lose(mark)
            proxy.heal()
            assert await results_of(client, [task_id]) == before
        ledger.ran_again(fault, service.executions(task_id), 1)
        assert proxy.dropped == 1
        await service.gone()


async def test_a_deletion_is_lost(
    forgetful: ForgetfulRedis, forgetful_settings: Settings, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """One waits, one runs, one is done; all are deleted, and Redis forgets that."""
    fault = "Redis loses deletions"
    async with running_service(forgetful_settings, tmp_path) as service, service.api() as client:
        service.start_worker(TASKS_IN_FLIGHT="1")
        done = await service.accept()
        await service.ended([done])
        running = await service.accept(seconds=LONG_SECONDS)
        await service.processing(running)
        waiting = await service.accept(seconds=LONG_SECONDS)
        mark = forgetful.written()
        for task_id in (done, running, waiting):
            assert (await client.delete(f"/transcribe/{task_id}")).status_code == 204
        with ledger.recovery(fault):
            forgetful.lose(mark)
            await _stay_unknown(service, client, [done, running, waiting])
        ledger.ran_again(fault, service.executions(running) + service.executions(waiting), 1)
        assert (await service.accept_and_end()).status is TaskStatus.DONE, "the worker is free again"
        await service.gone()


async def _stay_unknown(service: Service, client: httpx2.AsyncClient, task_ids: list[str]) -> None:
    """Until Redis has been told again; meanwhile no client sees them, and no recording lies there."""

    async def forgotten() -> bool:
        for task_id in task_ids:
            answer = await client.get(f"/transcribe/{task_id}")
            assert answer.status_code in (404, 503), answer.text
            assert not (service.recordings / f"{task_id}.json").exists()
        keys = [key for each in task_ids for key in (service.keys.task(each), service.keys.result(each))]
        return int(await service.client.exists(*keys)) == 0

    await service.until(forgotten, 60)


async def test_the_end_of_a_foreign_task_is_lost(
    forgetful: ForgetfulRedis, forgetful_settings: Settings, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """A task that another program pushed has no note until it ends; then it is kept like all others."""
    fault = "Redis loses the end of a foreign task"
    async with running_service(forgetful_settings, tmp_path) as service, service.api() as client:
        task = service.new_task()
        await service.client.lpush(service.keys.queue, task.model_dump_json(include={"task_id", "file_path"}))
        mark = forgetful.written()
        service.start_worker()
        await service.until(lambda: _is_kept(service, task.task_id), 60)
        before = await results_of(client, [task.task_id])
        with ledger.recovery(fault):
            forgetful.lose(mark)
            assert await results_of(client, [task.task_id]) == before
        ledger.ran_again(fault, service.executions(task.task_id), 1)
        await service.gone()


async def _is_kept(service: Service, task_id: str) -> bool:
    return service.storage.outbox.result(task_id) is not None
