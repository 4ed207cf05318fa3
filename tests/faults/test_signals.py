"""SIGTERM: idle, with a short task, with a long one, twice (suite item 8)."""

import signal

import pytest

from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import Service, process_exists

pytestmark = pytest.mark.faults


async def test_idle(service: Service) -> None:
    worker = service.start_worker()
    await service.alive(1)
    worker.signal(signal.SIGTERM)
    assert await worker.ended() == 0
    assert await service.reader.live_workers() == []


async def test_a_short_task_is_finished(service: Service) -> None:
    worker = service.start_worker(DRAIN_SECONDS="20")
    task_id = await service.push(seconds=1.0)
    await service.processing(task_id)
    worker.signal(signal.SIGTERM)
    assert await worker.ended() == 0
    assert (await service.state(task_id)).status is TaskStatus.DONE


async def test_a_long_task_is_handed_on(service: Service, ledger: Ledger, attempt: int) -> None:
    """The attempt is not counted, no lease has to end, and nothing of the worker is left."""
    worker = service.start_worker()
    task_id = await service.push(seconds=4.0)
    await service.processing(task_id)
    (engine,) = worker.engine_pids()
    with ledger.recovery("SIGTERM under a long task"):
        worker.signal(signal.SIGTERM)
        assert await worker.ended() == 0
        assert (await service.state(task_id)).status is TaskStatus.QUEUED
        assert await service.client.hget(service.keys.task(task_id), "attempts") == b"0"
        assert not process_exists(engine)
        service.start_worker()
        states = await service.ended([task_id])
    assert states[task_id].status is TaskStatus.DONE
    ledger.ran_again("SIGTERM under a long task", service.executions(task_id), 1)


async def test_twice_is_at_once(service: Service) -> None:
    worker = service.start_worker(DRAIN_SECONDS="600")
    task_id = await service.push(seconds=30.0)
    await service.processing(task_id)
    worker.signal(signal.SIGTERM)
    await service.until(lambda: service.logged("Stopping", ""), 10)
    worker.signal(signal.SIGINT)
    assert await worker.ended() == 0
    assert (await service.state(task_id)).status is TaskStatus.QUEUED
    assert await service.client.hget(service.keys.task(task_id), "attempts") == b"0"
