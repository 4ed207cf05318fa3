"""A task that is taken over goes on from its last window, whatever ended the work before."""

import signal

import pytest

from app.schemas.task import TaskState, TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import Service

pytestmark = pytest.mark.faults

WINDOWS = 10
TEXT = " ".join(f"word{number}" for number in range(20))


async def _begun(service: Service, windows: int) -> str:
    """A task of WINDOWS windows of which so many are done and saved."""
    task_id = await service.push(seconds=3.0, windows=WINDOWS, text=TEXT, duration=100.0)

    async def saved() -> bool:
        state = await service.state(task_id)
        return (state.processed_seconds or 0) >= windows * 10

    await service.until(saved, 30.0)
    return task_id


def _check(service: Service, task_id: str, state: TaskState) -> None:
    """The text is whole, and no window but the one at work was done twice."""
    assert state.status is TaskStatus.DONE
    assert state.result is not None
    assert state.result["text"] == TEXT
    assert state.result["provenance"]["windows_resumed"] >= 6
    done = service.windows_done(task_id)
    assert sorted(set(done)) == sorted(f"window-{number}" for number in range(WINDOWS))
    assert len(done) <= WINDOWS + 1


async def test_a_killed_worker_is_followed_by_another(service: Service, ledger: Ledger, attempt: int) -> None:
    worker = service.start_worker()
    task_id = await _begun(service, 6)
    service.start_worker()
    with ledger.recovery("worker killed at 60 % of its windows"):
        worker.signal(signal.SIGKILL)
        states = await service.ended([task_id])
    _check(service, task_id, states[task_id])
    assert states[task_id].result["provenance"]["attempts"] == 2  # type: ignore[index]
    ledger.ran_again("worker killed at 60 % of its windows", service.executions(task_id), 1)


async def test_a_killed_engine_process_is_followed_by_another(service: Service) -> None:
    service.start_worker()
    task_id = await service.push(
        seconds=2.0, windows=WINDOWS, text=TEXT, duration=100.0, crash_after=7, once=True
    )
    states = await service.ended([task_id])
    _check(service, task_id, states[task_id])


async def test_a_stopped_worker_hands_its_windows_on(service: Service) -> None:
    worker = service.start_worker(DRAIN_SECONDS="0")
    task_id = await _begun(service, 6)
    worker.signal(signal.SIGTERM)
    assert await worker.ended() == 0
    waiting = await service.state(task_id)
    assert (waiting.status, waiting.eta_seconds) == (TaskStatus.QUEUED, None)
    assert (waiting.progress or 0) >= 0.6
    assert TEXT.startswith(waiting.text or "-")

    service.start_worker()
    states = await service.ended([task_id])
    _check(service, task_id, states[task_id])
    assert states[task_id].result["provenance"]["attempts"] == 1  # type: ignore[index]
