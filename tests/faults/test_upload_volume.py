"""A worker without the upload volume does no harm: what was accepted is done by the others."""

from pathlib import Path

import pytest

from app.schemas.task import TaskStatus
from tests.faults.conftest import Ledger
from tests.faults.harness import Service

pytestmark = pytest.mark.faults

COUNT = 20
SENTENCE = "UPLOAD_DIR is not the folder of the API"


@pytest.mark.volume
async def test_a_worker_without_the_volume(
    service: Service, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """It takes nothing, says why, and goes on once it sees the volume."""
    elsewhere = tmp_path / "elsewhere"
    async with service.api() as client:
        stray = service.start_worker(UPLOAD_DIR=str(elsewhere))
        await service.until(lambda: service.logged(SENTENCE), 60)
        with ledger.recovery("worker without the upload volume, beside another"):
            task_ids = [await service.accept(seconds=0.05) for _ in range(COUNT)]
            service.start_worker()
            states = await service.ended(task_ids)
        assert {state.status for state in states.values()} == {TaskStatus.DONE}
        ready = (await client.get("/health/ready")).json()
        assert [each["kind"] for each in ready["troubles"]] == ["storage"]
        assert "transcriber_workers_without_storage 1.0" in (await client.get("/metrics")).text
        assert stray.process.poll() is None


@pytest.mark.volume
async def test_the_volume_goes_while_it_works(
    service: Service, tmp_path: Path, ledger: Ledger, attempt: int
) -> None:
    """What was taken already goes back uncharged; the volume returns, and all is done."""
    folder = service.settings.upload_dir
    link = tmp_path / "mounted"
    folder.mkdir(parents=True)
    link.symlink_to(folder)
    async with service.api():
        service.start_worker(UPLOAD_DIR=str(link))
        first = await service.accept(seconds=0.05)
        await service.ended([first])
        (tmp_path / "unmounted").mkdir()
        link.unlink()
        link.symlink_to(tmp_path / "unmounted")
        with ledger.recovery("upload volume gone under a worker, and back"):
            task_ids = [await service.accept(seconds=0.05) for _ in range(COUNT)]
            await service.until(lambda: service.logged(SENTENCE), 60)
            link.unlink()
            link.symlink_to(folder)
            states = await service.ended(task_ids)
        assert {state.status for state in states.values()} == {TaskStatus.DONE}


@pytest.mark.volume
async def test_a_recording_that_is_there_stays(service: Service, ledger: Ledger, attempt: int) -> None:
    """Where no API has said which folder it is, a task may end without its recording: it can be retried."""
    task = service.new_task(seconds=0.05)
    service.storage.outbox.save(task)
    path = service.settings.upload_dir / task.file_path
    hidden = path.with_suffix(".hidden")
    path.rename(hidden)
    await service.producer.enqueue(task)
    service.start_worker()
    error = (await service.ended([task.task_id]))[task.task_id].error
    assert error is not None
    assert error.code == "audio_missing"
    hidden.rename(path)
    with ledger.recovery("recording back after audio_missing, retried"):
        async with service.api(KEEP_ENDED_SECONDS="0") as client:
            await service.until(lambda: _is_unnoted(service, task.task_id), 60)
            assert path.is_file()
            answer = await client.post(f"/transcribe/{task.task_id}/retry")
            assert answer.status_code == 202, answer.text
            await service.until(lambda: _is_done(service, task.task_id), 60)


async def _is_unnoted(service: Service, task_id: str) -> bool:
    return not service.storage.outbox.holds(task_id)


async def _is_done(service: Service, task_id: str) -> bool:
    return (await service.state(task_id)).status is TaskStatus.DONE
