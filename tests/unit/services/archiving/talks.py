"""Recordings of a talk for tests of what is archived: what an upload, a worker and time leave of them."""

import os
import time
from pathlib import Path

from app.core.config import Settings
from app.schemas.task import Task
from app.storage.local import LocalStorage
from tests.support.queue import Queue, claim

RESULT = '{"text": "hello", "language": "en", "model": "base", "duration": 4.5}'


def stored(storage: LocalStorage, settings: Settings, task_id: str = "t") -> Task:
    """An upload with its note."""
    settings.upload_dir.mkdir(parents=True, exist_ok=True)
    (settings.upload_dir / f"{task_id}.mp3").write_bytes(b"sound")
    task = Task(task_id=task_id, file_path=f"{task_id}.mp3", owner="alice", filename="talk.mp3", duration=4.4)
    storage.outbox.save(task)
    return task


async def done(queue: Queue, storage: LocalStorage, task_id: str = "t") -> Task:
    """A task that a worker has done, down to what it leaves on the disk."""
    task = stored(storage, queue.settings, task_id)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    held = await claim(worker)
    assert storage.keep_result(task, RESULT) == RESULT
    assert await worker.complete(held, RESULT)
    return task


async def ended_before(queue: Queue, seconds: float, task_id: str = "t") -> None:
    """Put the end of a task back, on the clock of Redis."""
    await queue.commands.hincrby(queue.keys.task(task_id), "finished_at", -int(seconds * 1000))


async def forget(queue: Queue, task_id: str = "t") -> None:
    """RESULT_TTL_SECONDS are over."""
    keys = queue.keys
    await queue.commands.delete(keys.task(task_id), keys.result(task_id))
    await queue.commands.zrem(keys.index, task_id)


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds - 1  # the clock of the file system runs in steps
    os.utime(path, (then, then))
