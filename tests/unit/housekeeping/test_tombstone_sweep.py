"""Deleted tasks stay away, whatever Redis knows of them."""

from app.housekeeping.outbox_sweep import OutboxSweep
from app.storage.local import LocalStorage
from tests.support.queue import RESULT, Queue
from tests.unit.housekeeping.outbox import age, files
from tests.unit.storage.uploads import TASK_ID, stored


async def test_a_deleted_task_stays_away(outbox: OutboxSweep, storage: LocalStorage, queue: Queue) -> None:
    """Redis has lost the deletion: the task waits again, and has a result again."""
    task = stored(storage)
    storage.discard(task)
    tombstone = [f".outbox/{TASK_ID}.deleted"]
    assert files(queue.settings) == tombstone
    await queue.producer.enqueue(task)
    assert (await outbox.sweep()).deleted == 1
    await queue.commands.set(queue.keys.result(TASK_ID), RESULT)
    assert (await outbox.sweep()).deleted == 1
    assert await queue.reader.state(TASK_ID) is None
    assert await queue.reader.queue_length() == 0
    assert files(queue.settings) == tombstone


async def test_a_deleted_task_that_runs_again_is_cancelled(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    worker = await queue.worker()
    held = await queue.claimed(TASK_ID, worker)
    await outbox.sweep()
    assert list((await worker.heartbeat([held])).values()) == ["CANCEL"]
    await worker.cancelled(held)
    assert (await outbox.sweep()).deleted == 0
    assert await queue.commands.exists(queue.keys.task(TASK_ID), queue.keys.result(TASK_ID)) == 0


async def test_a_tombstone_goes_after_its_time(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    (queue.settings.upload_dir / task.file_path).write_bytes(b"a worker had just fetched it")
    await outbox.sweep()
    assert files(queue.settings) == [f".outbox/{TASK_ID}.deleted", task.file_path]
    age(queue.settings.upload_dir, queue.settings.keep_ended_seconds + 1)
    await outbox.sweep()
    assert files(queue.settings) == []


async def test_a_tombstone_outlasts_its_time_where_redis_knows_the_task(
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue
) -> None:
    task = stored(storage)
    storage.discard(task)
    await queue.producer.enqueue(task)
    age(queue.settings.upload_dir, queue.settings.keep_ended_seconds + 1)
    assert (await outbox.sweep()).deleted == 1
    assert files(queue.settings) == [f".outbox/{TASK_ID}.deleted"], "and its time begins anew"
