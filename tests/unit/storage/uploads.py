"""Uploads for tests of the storage, and what lies in UPLOAD_DIR."""

import os
import time
from pathlib import Path

from app.schemas.task import Task
from app.storage.base import Storage

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"


def stored(storage: Storage, task_id: str = TASK_ID) -> Task:
    upload = storage.open_upload(task_id, "mp3")
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit())
    storage.outbox.save(task)
    return task


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
