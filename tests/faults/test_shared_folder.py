"""Two services are given one UPLOAD_DIR: the second says so, and takes nothing of the first."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import QUICK, Service, running_service

pytestmark = pytest.mark.faults

COUNT = 10
ROUNDS = 3


async def test_another_service_on_the_folder(
    service: Service, settings_for: Callable[..., Settings], tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """Of another queue: it is not ready, refuses uploads with a sentence, and sweeps nothing."""
    other_settings = settings_for(**QUICK | {"log_dir": tmp_path / "other_logs"})
    async with service.api() as client, running_service(other_settings, tmp_path) as other:
        assert (await client.get("/health/ready")).status_code == 200
        task_ids = [await service.accept(seconds=0.05) for _ in range(COUNT)]
        async with other.api() as stranger:
            other.start_worker()
            with ledger.recovery("another service on the same UPLOAD_DIR"):
                answer = await stranger.get("/health/ready")
                assert answer.status_code == 503
                assert service.storage.place in answer.json()["detail"]
                refused = await stranger.post("/transcribe/", files={"file": ("a.wav", b"RIFF")})
                assert (refused.status_code, refused.json()["code"]) == (503, "foreign_folder")
                await _some_sweeps(other)
                assert await other.reader.queue_length() == 0
                service.start_worker()
                states = await service.ended(task_ids)
        assert {state.status for state in states.values()} == {TaskStatus.DONE}


async def test_notes_of_the_layout_before(service: Service, ledger: Ledger, attempt: int) -> None:
    """A folder without a marker, with notes that Redis does not know, is taken over by the first API."""
    tasks = [service.new_task(seconds=0.05) for _ in range(COUNT)]
    for task in tasks:
        service.storage.outbox.save(task)
    with ledger.recovery("notes of a version without a marker"):
        async with service.api():
            service.start_worker()
            states = await service.ended(task.task_id for task in tasks)
    assert {state.status for state in states.values()} == {TaskStatus.DONE}


async def _some_sweeps(service: Service) -> None:
    """Until its housekeeping has had several rounds: the mark of each has a lifetime."""
    for _ in range(ROUNDS):
        await service.client.delete(service.keys.scanned)
        await service.until(lambda: _scanned(service), 60)


async def _scanned(service: Service) -> bool:
    return bool(await service.client.exists(service.keys.scanned))
