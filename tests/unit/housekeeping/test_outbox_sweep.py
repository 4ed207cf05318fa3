"""The outbox against a real Redis: what was lost comes back, what nobody owns goes."""

import logging
from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.housekeeping.outbox_sweep import PART_SECONDS, OutboxSweep, StorageLookup
from app.queue.outcomes import ReviveOutcome
from app.schemas.task import Task, TaskStatus
from app.storage.local import LocalStorage
from tests.support.queue import FAILURE, RESULT, Queue, claim, connected, stored_result
from tests.unit.housekeeping.outbox import NOTHING, age, done, files, forget
from tests.unit.storage.uploads import TASK_ID, stored


async def test_what_redis_lost_is_enqueued_again_once(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    assert (await outbox.sweep()).enqueued == 1
    assert await outbox.sweep() == NOTHING
    [element] = await queue.elements(queue.keys.queue)
    assert Task.model_validate_json(element) == task


async def test_lost_tasks_come_back_in_the_order_of_their_uploads(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    names = [f"{number}{TASK_ID[1:]}" for number in (5, 3, 9, 1)]
    for name in names:
        stored(storage, name)
    await outbox.sweep()
    elements = await queue.elements(queue.keys.queue)
    assert [Task.model_validate_json(each).task_id for each in reversed(elements)] == names


async def test_a_note_that_cannot_be_read_does_not_stop_the_others_and_is_told_once(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue, caplog: pytest.LogCaptureFixture
) -> None:
    queue.settings.outbox_dir.mkdir(parents=True)
    (queue.settings.outbox_dir / "bad.json").write_text("{")
    stored(storage)
    assert (await outbox.sweep()).enqueued == 1
    assert await outbox.sweep() == NOTHING
    assert len([line for line in caplog.messages if "note of task bad" in line]) == 1


async def test_a_full_queue_leaves_the_rest_in_the_outbox(
    settings_for: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    async with connected(settings_for(max_queue_length=2)) as queue:
        storage = LocalStorage(queue.settings)
        outbox = OutboxSweep(queue.commands, queue.settings, storage)
        for number in range(3):
            stored(storage, f"{number}{TASK_ID[1:]}")
        with caplog.at_level(logging.INFO):
            assert (await outbox.sweep()).enqueued == 2
        assert "1 task(s) wait in the outbox" in caplog.text
        await queue.commands.rpop(queue.keys.queue)
        assert (await outbox.sweep()).enqueued == 1


async def test_a_waiting_task_keeps_its_recording_however_old_it_is(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage))
    age(queue.settings.upload_dir, 1_000_000)
    assert await outbox.sweep() == NOTHING
    assert len(files(queue.settings)) == 2


async def test_a_result_that_redis_lost_is_restored_without_another_run(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    await forget(queue)
    assert (await outbox.sweep()).restored == 1
    assert await outbox.sweep() == NOTHING
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.reader.queue_length() == 0


async def test_a_task_that_waits_though_its_result_is_kept_does_not_run_again(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    """Redis lost its claim, too; or its worker died just before it told Redis."""
    task = stored(storage)
    storage.keep_result(task, RESULT)
    await queue.producer.enqueue(task)
    assert (await outbox.sweep()).restored == 1
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.elements(queue.keys.queue) == []


async def test_a_worker_that_is_about_to_hand_its_result_in_is_left_alone(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    held = await claim(worker)
    storage.keep_result(task, RESULT)
    assert await outbox.sweep() == NOTHING
    assert await worker.complete(held, RESULT), "it is not fenced"


async def test_the_result_of_a_last_attempt_is_restored_too(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    """Redis lost the end of the last attempt, and took the worker for lost on all of them."""
    task = await done(queue, storage)
    await forget(queue)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    await worker.fail(await claim(worker), FAILURE)
    assert (await outbox.sweep()).restored == 1
    assert await stored_result(queue, TASK_ID) == {"text": "hello"}
    assert await queue.admin.requeue(TASK_ID) is ReviveOutcome.DONE
    assert await queue.elements(queue.keys.dead) == []


async def test_one_process_sweeps_at_a_time(outbox: OutboxSweep, storage: LocalStorage, queue: Queue) -> None:
    stored(storage)
    await queue.commands.set(queue.keys.swept, 1, px=1000)
    await outbox.sweep_when_due()
    assert await queue.reader.queue_length() == 0
    await queue.commands.delete(queue.keys.swept)
    await outbox.sweep_when_due()
    assert await queue.reader.queue_length() == 1
    assert 0 < await queue.commands.pttl(queue.keys.swept) <= queue.settings.maintenance_seconds * 1000


async def test_a_clock_of_redis_that_was_set_back_puts_no_sweep_off(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    stored(storage)
    await queue.commands.set(queue.keys.swept, 1, ex=3600)
    await outbox.sweep_when_due()
    assert await queue.reader.queue_length() == 1
    assert 0 < await queue.commands.pttl(queue.keys.swept) <= queue.settings.maintenance_seconds * 1000


async def test_a_result_without_a_note_is_removed(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = await done(queue, storage)
    (queue.settings.outbox_dir / f"{TASK_ID}.json").unlink()
    await outbox.sweep()
    assert files(queue.settings) == [task.file_path]


async def test_what_a_killed_process_had_half_written_goes(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    settings = queue.settings
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / f"{TASK_ID}.result.1a2b.part").write_bytes(b"half")
    await outbox.sweep()
    assert len(files(settings)) == 1, "somebody may be writing it"
    age(settings.upload_dir, PART_SECONDS + 1)
    await outbox.sweep()
    assert files(settings) == []


async def test_orphans_go_at_their_age_and_owned_files_stay(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    settings = queue.settings
    await queue.producer.enqueue(stored(storage))
    storage.outbox.remove(TASK_ID)
    lost, broken = "1" + TASK_ID[1:], "2" + TASK_ID[1:]
    storage.open_upload(lost, "ogg").commit()
    (settings.upload_dir / f"{broken}.part").write_bytes(b"half")
    assert await outbox.remove_orphans() == 0
    age(settings.upload_dir, settings.orphan_upload_seconds + 1)
    assert await outbox.remove_orphans() == 2
    assert files(settings) == [f"{TASK_ID}.mp3"]


async def test_kept_recordings_are_no_orphans(queue: Queue, storage: LocalStorage) -> None:
    keeping = queue.settings.model_copy(update={"keep_audio": True})
    storage.open_upload(TASK_ID, "ogg").commit()
    age(keeping.upload_dir, keeping.orphan_upload_seconds + 1)
    assert await OutboxSweep(queue.commands, keeping, storage).remove_orphans() == 0


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
