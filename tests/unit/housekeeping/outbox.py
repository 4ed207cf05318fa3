"""Tasks for tests of the outbox: what an upload, a worker and time leave of them on the disk and in Redis."""

from pathlib import Path

from app.core.config import Settings
from app.housekeeping.outbox_sweep import SweepReport
from app.schemas.task import Task
from app.storage.local import LocalStorage
from tests.support.queue import RESULT, Queue, claim
from tests.unit.storage.uploads import TASK_ID, make_old, stored
from tests.unit.storage.uploads import files as files_in

NOTHING = SweepReport(0, 0, 0, 0)


def age(folder: Path, seconds: float) -> None:
    for path in folder.rglob("*.*"):
        if path.is_file():
            make_old(path, seconds)


def files(settings: Settings) -> list[str]:
    return files_in(settings.upload_dir)


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
