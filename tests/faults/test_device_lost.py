"""A worker whose GPU fails every call hands its tasks back, uncharged, and ends, to be started again."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.asr.backends.fake import WEIGHTS_FOLDER
from app.core.config import Settings
from app.schemas.task import TaskStatus
from app.worker.main import DEVICE_LOST_STATUS
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, running_service

pytestmark = pytest.mark.faults


async def test_its_tasks_are_done_by_another_worker(service: Service, ledger: Ledger, attempt: int) -> None:
    """Those at work beside the call that fails, too; it claims none of them again."""
    broken = service.start_worker()
    task_ids = [await service.accept(once=True, hang=True) for _ in range(3)]
    for task_id in task_ids:
        await service.processing(task_id)
    fault = "worker loses its GPU"
    with ledger.recovery(fault):
        task_ids.append(await service.accept(once=True, lose_device=True))
        assert await broken.ended(60) == DEVICE_LOST_STATUS
        service.start_worker()
        states = await service.ended(task_ids)
    assert {state.status for state in states.values()} == {TaskStatus.DONE}
    for task_id in task_ids:
        key = service.keys.task(task_id)
        assert await service.client.hmget(key, "attempts", "crashes") == [b"1", b"1"], "each may be the cause"
        assert service.executions(task_id) == 2
    assert await service.logged("Every call on the GPU fails")
    ledger.ran_again(fault, sum(map(service.executions, task_ids)), len(task_ids))


@pytest.mark.parametrize("at_load", [False, True])
async def test_no_task_ends_one_worker_after_another_for_ever(
    settings_for: Callable[..., Settings], tmp_path: Path, attempt: int, at_load: bool
) -> None:
    """Under its recording a second GPU is lost, or so many as it has attempts while its model is loaded: from
    then on attempts are charged."""
    async with running_service(settings_for(**QUICK | {"max_attempts": 1}), tmp_path) as service:
        if at_load:
            weights = service.settings.cache_dir / WEIGHTS_FOLDER / "base.json"
            weights.parent.mkdir(parents=True)
            weights.write_text('{"lose_device": true}')
        task_id = await service.accept(lose_device=not at_load)
        for _ in range(2):
            assert await service.start_worker().ended(60) == DEVICE_LOST_STATUS
        state = await service.state(task_id)
        assert state.status is TaskStatus.ERROR
        assert state.error is not None
        assert state.error.code == "device_lost"
        assert service.executions(task_id) == 2
