"""The outbox against a real Redis: what was lost comes back, what ended goes, what was deleted stays away."""

import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.queue.outcomes import ReviveOutcome
from app.schemas.task import Task, TaskStatus
from app.services import outbox_service
from app.services.outbox_service import MEBIBYTE, OutboxService, StorageLookup, SweepReport
from app.storage.local import LocalStorage
from tests.integration.queue.harness import FAILURE, RESULT, Queue, claim, connected, stored_result

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"
NOTHING = SweepReport(0, 0, 0, 0)


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    """Without an archive, for which ended tasks would wait."""
    return settings_for(archive=False)


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    async with connected(settings) as queue:
        yield queue


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    return LocalStorage(settings)


@pytest.fixture
def service(queue: Queue, storage: LocalStorage) -> OutboxService:
    return OutboxService(queue.commands, queue.settings, storage)


def stored(storage: LocalStorage, task_id: str = TASK_ID) -> Task:
    """An upload with its note."""
    upload = storage.open_upload(task_id, "mp3")
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit())
    storage.outbox.save(task)
    return task


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    for path in folder.rglob("*.*"):
        if path.is_file():
            os.utime(path, (then, then))


def files(settings: Settings) -> list[str]:
    folder = settings.upload_dir
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def forget(queue: Queue) -> None:
    """Redis loses everything."""
    for prefix in (queue.keys.queue, queue.keys.result_prefix):
        async for key in queue.commands.scan_iter(f"{prefix}*"):
            await queue.commands.delete(key)


async def end_long_ago(queue: Queue, task_id: str = TASK_ID) -> None:
    """Put the end of a task back by more than KEEP_ENDED_SECONDS, on the clock of Redis."""
    ended_at = await queue.field(task_id, "finished_at")
    assert ended_at is not None
    before = int(ended_at) - int(queue.settings.keep_ended_seconds * 1000)
    await queue.commands.hset(queue.keys.task(task_id), "finished_at", before)


async def done(queue: Queue, storage: LocalStorage) -> Task:
    """A task that a worker has done, down to what it leaves on the disk."""
    task = stored(storage)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    assert await worker.complete(await claim(worker), RESULT)
    assert storage.keep_result(task, RESULT) == RESULT
    return task


async def test_what_redis_lost_is_enqueued_again_once(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    assert (await service.sweep()).enqueued == 1
    assert await service.sweep() == NOTHING
    [element] = await queue.elements(queue.keys.queue)
    assert Task.model_validate_json(element) == task


async def test_lost_tasks_come_back_in_the_order_of_their_uploads(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    names = [f"{number}{TASK_ID[1:]}" for number in (5, 3, 9, 1)]
    for name in names:
        stored(storage, name)
    await service.sweep()
    elements = await queue.elements(queue.keys.queue)
    assert [Task.model_validate_json(each).task_id for each in reversed(elements)] == names


async def test_a_note_that_cannot_be_read_does_not_stop_the_others_and_is_told_once(
    service: OutboxService, storage: LocalStorage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / "bad.json").write_text("{")
    stored(storage)
    assert (await service.sweep()).enqueued == 1
    assert await service.sweep() == NOTHING
    assert len([line for line in caplog.messages if "note of task bad" in line]) == 1


async def test_a_full_queue_leaves_the_rest_in_the_outbox(
    settings_for: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(settings_for(max_queue_length=2)) as queue:
        storage = LocalStorage(queue.settings)
        service = OutboxService(queue.commands, queue.settings, storage)
        for number in range(3):
            stored(storage, f"{number}{TASK_ID[1:]}")
        with caplog.at_level(logging.INFO):
            assert (await service.sweep()).enqueued == 2
        assert "1 task(s) wait in the outbox" in caplog.text
        await queue.commands.rpop(queue.keys.queue)
        assert (await service.sweep()).enqueued == 1


async def test_what_an_ended_task_left_goes_after_its_time(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    assert await service.sweep() == NOTHING
    assert files(queue.settings) == [f".outbox/{TASK_ID}.json", f".outbox/{TASK_ID}.result", f"{TASK_ID}.mp3"]
    await end_long_ago(queue)
    assert (await service.sweep()).finished == 1
    assert files(queue.settings) == []
    assert await service.sweep() == NOTHING


async def test_a_waiting_task_keeps_its_recording_however_old_it_is(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage))
    age(queue.settings.upload_dir, 1_000_000)
    assert await service.sweep() == NOTHING
    assert len(files(queue.settings)) == 2


async def test_the_recording_of_a_failure_worth_another_try_stays(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    await worker.fail(await claim(worker), FAILURE)
    await end_long_ago(queue)
    assert (await service.sweep()).finished == 1
    assert files(queue.settings) == [task.file_path]


async def test_a_foreign_result_ends_a_task(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage))
    await queue.commands.set(queue.keys.result(TASK_ID), RESULT)
    assert await service.sweep() == NOTHING, "its end counts from the sweep that has seen it"
    await end_long_ago(queue)
    assert (await service.sweep()).finished == 1
    assert files(queue.settings) == []


async def test_a_result_that_redis_lost_is_restored_without_another_run(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    await forget(queue)
    assert (await service.sweep()).restored == 1
    assert await service.sweep() == NOTHING
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.reader.queue_length() == 0


async def test_a_task_that_waits_though_its_result_is_kept_does_not_run_again(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    """Redis lost its claim, too; or its worker died just before it told Redis."""
    task = stored(storage)
    storage.keep_result(task, RESULT)
    await queue.producer.enqueue(task)
    assert (await service.sweep()).restored == 1
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.elements(queue.keys.queue) == []


async def test_a_worker_that_is_about_to_hand_its_result_in_is_left_alone(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    held = await claim(worker)
    storage.keep_result(task, RESULT)
    assert await service.sweep() == NOTHING
    assert await worker.complete(held, RESULT), "it is not fenced"


async def test_the_result_of_a_last_attempt_is_restored_too(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    """Redis lost the end of the last attempt, and took the worker for lost on all of them."""
    task = await done(queue, storage)
    await forget(queue)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    await worker.fail(await claim(worker), FAILURE)
    assert (await service.sweep()).restored == 1
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.admin.requeue(TASK_ID) is ReviveOutcome.DONE
    assert await queue.elements(queue.keys.dead) == []


async def test_a_deleted_task_stays_away(service: OutboxService, storage: LocalStorage, queue: Queue) -> None:
    """Redis has lost the deletion: the task waits again, and has a result again."""
    task = stored(storage)
    storage.discard(task)
    tombstone = [f".outbox/{TASK_ID}.deleted"]
    assert files(queue.settings) == tombstone
    await queue.producer.enqueue(task)
    assert (await service.sweep()).deleted == 1
    await queue.commands.set(queue.keys.result(TASK_ID), RESULT)
    assert (await service.sweep()).deleted == 1
    assert await queue.reader.state(TASK_ID) is None
    assert await queue.reader.queue_length() == 0
    assert files(queue.settings) == tombstone


async def test_a_deleted_task_that_runs_again_is_cancelled(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    worker = await queue.worker()
    held = await queue.claimed(TASK_ID, worker)
    await service.sweep()
    assert list((await worker.heartbeat([held])).values()) == ["CANCEL"]
    await worker.cancelled(held)
    assert (await service.sweep()).deleted == 0
    assert await queue.commands.exists(queue.keys.task(TASK_ID), queue.keys.result(TASK_ID)) == 0


async def test_a_tombstone_goes_after_its_time(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    (queue.settings.upload_dir / task.file_path).write_bytes(b"a worker had just fetched it")
    await service.sweep()
    assert files(queue.settings) == [f".outbox/{TASK_ID}.deleted", task.file_path]
    age(queue.settings.upload_dir, queue.settings.keep_ended_seconds + 1)
    await service.sweep()
    assert files(queue.settings) == []


async def test_a_tombstone_outlasts_its_time_where_redis_knows_the_task(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    await queue.producer.enqueue(task)
    age(queue.settings.upload_dir, queue.settings.keep_ended_seconds + 1)
    assert (await service.sweep()).deleted == 1
    assert files(queue.settings) == [f".outbox/{TASK_ID}.deleted"], "and its time begins anew"


async def test_one_process_sweeps_at_a_time(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    stored(storage)
    await queue.commands.set(queue.keys.swept, 1, px=1000)
    await service.sweep_when_due()
    assert await queue.reader.queue_length() == 0
    await queue.commands.delete(queue.keys.swept)
    await service.sweep_when_due()
    assert await queue.reader.queue_length() == 1
    assert 0 < await queue.commands.pttl(queue.keys.swept) <= queue.settings.maintenance_seconds * 1000


async def test_a_clock_of_redis_that_was_set_back_puts_no_sweep_off(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    stored(storage)
    await queue.commands.set(queue.keys.swept, 1, ex=3600)
    await service.sweep_when_due()
    assert await queue.reader.queue_length() == 1
    assert 0 < await queue.commands.pttl(queue.keys.swept) <= queue.settings.maintenance_seconds * 1000


@pytest.mark.parametrize(
    ("free_mb", "ended_seconds", "goes"),
    [
        *((3000, 119, False), (3000, 121, True), (2000, 119, False)),
        *((1500, 59, False), (1500, 61, True)),
        *((1000, 4, False), (1000, 6, True), (10, 4, False), (10, 6, True)),
    ],
)
async def test_a_disk_that_fills_up_shortens_what_is_kept(
    settings_for: Callable[..., Settings],
    monkeypatch: pytest.MonkeyPatch,
    free_mb: int,
    ended_seconds: float,
    goes: bool,
) -> None:
    """Twice MIN_FREE_DISK_MB free: all of KEEP_ENDED_SECONDS; MIN_FREE_DISK_MB and less: five seconds."""
    async with connected(settings_for(min_free_disk_mb=1000, archive=False)) as queue:
        storage = LocalStorage(queue.settings)
        await done(queue, storage)
        ended_at = int(await queue.field(TASK_ID, "finished_at") or 0)
        await queue.commands.hset(
            queue.keys.task(TASK_ID), "finished_at", ended_at - int(ended_seconds * 1000)
        )
        monkeypatch.setattr(storage, "free_bytes", lambda: free_mb * MEBIBYTE)
        report = await OutboxService(queue.commands, queue.settings, storage).sweep()
        assert report.finished == goes


async def test_a_disk_that_fills_up_is_told_once(
    settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(settings_for(min_free_disk_mb=1000, archive=False)) as queue:
        storage = LocalStorage(queue.settings)
        service = OutboxService(queue.commands, queue.settings, storage)
        caplog.set_level(logging.INFO, logger=outbox_service.__name__)
        for free_mb in (1500, 1250, 5000, 5000):
            monkeypatch.setattr(storage, "free_bytes", lambda free=free_mb: free * MEBIBYTE)
            await service.sweep()
        told, over = caplog.messages
        assert told.startswith("UPLOAD_DIR has 1500 MiB free")
        assert "kept for 60 s now" in told
        assert "KEEP_ENDED_SECONDS (120 s)" in told
        assert over.startswith("UPLOAD_DIR has room again")


async def test_a_result_without_a_note_is_removed(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    task = await done(queue, storage)
    (queue.settings.outbox_dir / f"{TASK_ID}.json").unlink()
    await service.sweep()
    assert files(queue.settings) == [task.file_path]


async def test_what_a_killed_process_had_half_written_goes(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    settings = queue.settings
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / f"{TASK_ID}.result.1a2b.part").write_bytes(b"half")
    await service.sweep()
    assert len(files(settings)) == 1, "somebody may be writing it"
    age(settings.upload_dir, outbox_service.PART_SECONDS + 1)
    await service.sweep()
    assert files(settings) == []


async def test_orphans_go_at_their_age_and_owned_files_stay(
    service: OutboxService, storage: LocalStorage, queue: Queue
) -> None:
    settings = queue.settings
    await queue.producer.enqueue(stored(storage))
    storage.outbox.remove(TASK_ID)
    lost, broken = "1" + TASK_ID[1:], "2" + TASK_ID[1:]
    storage.open_upload(lost, "ogg").commit()
    (settings.upload_dir / f"{broken}.part").write_bytes(b"half")
    assert await service.remove_orphans() == 0
    age(settings.upload_dir, settings.orphan_upload_seconds + 1)
    assert await service.remove_orphans() == 2
    assert files(settings) == [f"{TASK_ID}.mp3"]


async def test_kept_recordings_are_no_orphans(
    queue: Queue, settings: Settings, storage: LocalStorage
) -> None:
    keeping = settings.model_copy(update={"keep_audio": True})
    storage.open_upload(TASK_ID, "ogg").commit()
    age(settings.upload_dir, settings.orphan_upload_seconds + 1)
    assert await OutboxService(queue.commands, keeping, storage).remove_orphans() == 0


async def test_readers_ask_the_outbox_where_redis_knows_nothing(queue: Queue, storage: LocalStorage) -> None:
    reader_of = type(queue.reader)
    reader = reader_of(queue.commands, queue.settings, StorageLookup(storage))
    assert await reader.record(TASK_ID) is None
    task = stored(storage)
    record = await reader.record(TASK_ID)
    assert record is not None
    assert (record.state.status, record.task) == (TaskStatus.QUEUED, task)

    storage.discard(task)
    await queue.producer.enqueue(task)
    assert await reader.record(TASK_ID) is None, "Redis has lost the deletion"
