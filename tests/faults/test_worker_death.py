"""Workers and engine processes die: every task is done once all the same."""

import pytest

from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.doomed_worker import POINTS
from tests.faults.harness import Service, process_exists

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("point", POINTS)
async def test_worker_killed_at(service: Service, ledger: Ledger, point: str, attempt: int) -> None:
    """Suite item 1."""
    task_ids = [await service.push(seconds=0.1) for _ in range(3)]
    doomed = service.start_worker(("-m", "tests.faults.doomed_worker", point))
    assert await doomed.ended() == -9
    fault = f"worker killed {point}"
    with ledger.recovery(fault):
        service.start_worker()
        states = await service.ended(task_ids)
    assert {state.result["text"] for state in states.values() if state.result} == set(task_ids)
    ledger.ran_again(fault, sum(map(service.executions, task_ids)), len(task_ids))


async def test_worker_killed_while_it_works(service: Service, ledger: Ledger, attempt: int) -> None:
    """Suite item 1, in the middle of the work; its engine process must not live on."""
    worker = service.start_worker()
    task_id = await service.push(seconds=1.5)
    await service.processing(task_id)
    (engine,) = worker.engine_pids()
    fault = "worker killed at work"
    with ledger.recovery(fault):
        worker.process.kill()
        service.start_worker()
        states = await service.ended([task_id])
    assert states[task_id].status is TaskStatus.DONE
    assert service.executions(task_id) == 2
    assert not process_exists(engine)
    ledger.ran_again(fault, service.executions(task_id), 1)


@pytest.mark.parametrize("how", ["crash", "segfault"])
async def test_engine_process_dies(service: Service, ledger: Ledger, how: str, attempt: int) -> None:
    """Suite item 2: the same supervisor tries again, its lease never lapses."""
    worker = service.start_worker()
    await service.alive(1)
    (before,) = await service.reader.live_workers()
    fault = f"engine process {how}"
    with ledger.recovery(fault):
        task_id = await service.push(once=True, **{how: True})
        states = await service.ended([task_id])
    assert states[task_id].status is TaskStatus.DONE
    (after,) = await service.reader.live_workers()
    assert after.worker_id == before.worker_id
    assert worker.process.poll() is None
    assert service.executions(task_id) == 2
    ledger.ran_again(fault, 2, 1)


async def test_a_poison_task_harms_nobody_else(service: Service) -> None:
    """Suite item 10: MAX_ATTEMPTS, then the dead letters; the others are done, at their first attempt."""
    service.start_worker(TASKS_IN_FLIGHT="4")
    poison = await service.push(crash=True)
    others = [await service.push(seconds=0.2) for _ in range(6)]
    states = await service.ended([poison, *others])
    failure = states[poison].error
    assert failure is not None
    assert failure.code == "engine_crashed"
    assert all(states[task_id].status is TaskStatus.DONE for task_id in others)
    assert [letter.task_id for letter in await service.admin.dead_letters()] == [poison]


async def test_a_hung_task_is_killed_at_its_deadline(service: Service, ledger: Ledger, attempt: int) -> None:
    """Suite items 11 and 15: deaf, or with the interpreter's lock held; the lease is kept all the while."""
    worker = service.start_worker(TASK_TIMEOUT_SECONDS="1.5")
    await service.alive(1)
    (before,) = await service.reader.live_workers()
    for how in ("hang", "spin"):
        with ledger.recovery(f"engine process: {how}"):
            task_id = await service.push(once=True, **{how: True})
            states = await service.ended([task_id])
        assert states[task_id].status is TaskStatus.DONE
        ledger.ran_again(f"engine process: {how}", service.executions(task_id), 1)
    (after,) = await service.reader.live_workers()
    assert after.worker_id == before.worker_id
    assert worker.process.poll() is None
