"""Redis forgets: its last second, or everything. The outbox beside the uploads brings every task back."""

from pathlib import Path

import pytest

from app.core.config import Settings
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.forgetful_redis import ForgetfulRedis
from tests.faults.harness import Service, running_service

pytestmark = pytest.mark.faults


def _note(service: Service, count: int) -> list[str]:
    """What the API does with an upload, up to the moment before it enqueues."""
    tasks = [service.new_task(seconds=0.05) for _ in range(count)]
    for task in tasks:
        service.storage.outbox.save(task)
    return [task.task_id for task in tasks]


async def test_redis_loses_everything(service: Service, ledger: Ledger, attempt: int) -> None:
    """Failure case 15: FLUSHALL under waiting tasks."""
    task_ids = _note(service, 10)
    await service.outbox.sweep()
    assert await service.reader.queue_length() == 10
    async for key in service.client.scan_iter(f"{service.keys.queue}*"):
        await service.client.delete(key)
    with ledger.recovery("Redis loses everything"):
        assert (await service.outbox.sweep()).enqueued == 10
        assert (await service.outbox.sweep()).enqueued == 0
        service.start_worker()
        states = await service.ended(task_ids)
    assert all(state.status is TaskStatus.DONE for state in states.values())
    ledger.ran_again("Redis loses everything", sum(map(service.executions, task_ids)), len(task_ids))
    await service.until(service.no_files, 60)


async def test_redis_loses_its_last_second(
    forgetful: ForgetfulRedis, forgetful_settings: Settings, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Suite item 6: kill -9, and the end of the append-only file is gone."""
    async with running_service(forgetful_settings, tmp_path) as service:
        kept = [await service.accept(seconds=0.05) for _ in range(5)]
        mark = forgetful.written()
        lost = [await service.accept(seconds=0.05) for _ in range(5)]
        with ledger.recovery("Redis loses its last second"):
            forgetful.lose(mark)
            assert {(await service.state(task_id)).status for task_id in lost} == {TaskStatus.QUEUED}
            assert (await service.outbox.sweep()).enqueued == len(lost)
            service.start_worker()
            states = await service.ended(kept + lost)
        assert all(state.status is TaskStatus.DONE for state in states.values())


async def test_api_dies_before_it_enqueues(service: Service, ledger: Ledger, attempt: int) -> None:
    """Failure case 1, with a real API that finds the note when it starts."""
    task_ids = _note(service, 3)
    service.start_worker()
    with ledger.recovery("API dies between upload and enqueue"):
        service.start_api()
        states = await service.ended(task_ids, 90)
    assert all(state.status is TaskStatus.DONE for state in states.values())
