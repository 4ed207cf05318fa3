"""The outbox in a bucket: what must be known of a task even when Redis has forgotten it.

Small objects named by the task: `<id>.json` is the note of an accepted task, `<id>.result` the result of one
that is done; tombstones of deleted ones lie in a folder of their own, which is listed often.
"""

import logging
import threading
import time
from collections.abc import Iterable

from pydantic import ValidationError

from app.schemas.task import Task
from app.storage.base import OutboxListing, Tombstone
from app.storage.bucket.objects import Bucket

logger = logging.getLogger(__name__)

FOLDER = ".outbox"
TOMBSTONES = f"{FOLDER}/deleted"
NOTE, RESULT, TOMBSTONE = ".json", ".result", ".deleted"

BELIEVED_SECONDS = 1.0
"""How long a listing of the tombstones is believed: each look of each client at a task asks for them. Redis
tells of a deletion at once; tombstones are for what it forgets."""


class BucketOutbox:
    """See app.storage.base.Outbox. Everything here raises StorageUnavailable."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._buried: frozenset[str] | None = None
        self._listed_at = 0.0
        self._listing = threading.Lock()

    def save(self, task: Task) -> None:
        """Note that `task` was accepted; a note that is there stays, since tasks do not change."""
        self._bucket.create(_key(task.task_id, NOTE), task.model_dump_json().encode())

    def holds(self, task_id: str) -> bool:
        """Whether there is a note of that task."""
        return self._bucket.size(_key(task_id, NOTE)) is not None

    def read(self, task_id: str) -> Task | None:
        """The task noted under that id; None where there is none, or none that can be read."""
        content = self._bucket.read(_key(task_id, NOTE))
        try:
            return None if content is None else Task.model_validate_json(content)
        except ValidationError as error:
            logger.warning("The note of task %s in the outbox cannot be read: %s", task_id, error)
            return None

    def save_result(self, task_id: str, result: str) -> str:
        """Keep a result beside the note; the result that is kept now, which may be an earlier one."""
        if self._bucket.create(result_key(task_id), result.encode()):
            return result
        return self.result(task_id) or result

    def result(self, task_id: str) -> str | None:
        """The result kept of that task; None where there is none, or none that can be read."""
        content = self._bucket.read(result_key(task_id))
        try:
            return None if content is None else content.decode()
        except UnicodeDecodeError as error:
            logger.warning("The result of task %s in the outbox cannot be read: %s", task_id, error)
            return None

    def remove(self, task_id: str) -> None:
        """Forget note and result of a task."""
        self.remove_notes([task_id])  # first: it would bring the task back
        self._bucket.remove([result_key(task_id)])

    def remove_notes(self, task_ids: Iterable[str]) -> None:
        """Forget notes; what else is there of the tasks stays."""
        self._bucket.remove(_key(task_id, NOTE) for task_id in task_ids)

    def bury(self, task: Task) -> None:
        """Put a tombstone in the place of a task's note.

        It says no more of the task than what is needed to delete it again.
        """
        kept = task.model_dump_json(include={"task_id", "file_path", "owner"})
        self._bucket.write(_tombstone_key(task.task_id), kept.encode())
        if self._buried is not None:
            self._buried |= {task.task_id}
        self._bucket.remove([_key(task.task_id, NOTE), result_key(task.task_id)])

    def deleted(self, task_ids: Iterable[str]) -> set[str]:
        """Those of the tasks that have a tombstone, by a listing of the last second.

        While another thread lists, by the one before: a store that hangs must not hold up everybody.
        """
        buried = self._buried
        is_old = buried is None or time.monotonic() - self._listed_at > BELIEVED_SECONDS
        if is_old and self._listing.acquire(blocking=buried is None):
            try:
                buried = self._listed()
            finally:
                self._listing.release()
        return {task_id for task_id in task_ids if task_id in (buried or ())}

    def _listed(self) -> frozenset[str]:
        began = time.monotonic()
        if self._buried is None or began - self._listed_at > BELIEVED_SECONDS:  # nobody has just done it
            self._buried = frozenset(_task_id(each.name) for each in self._bucket.objects(TOMBSTONES))
            self._listed_at = began
        return self._buried

    def tombstones(self) -> list[Tombstone]:
        """All tombstones."""
        return [Tombstone(_task_id(each.name), each.age_seconds) for each in self._bucket.objects(TOMBSTONES)]

    def buried(self, task_id: str) -> Task:
        """A deleted task; a tombstone that cannot be read still says which."""
        try:
            return Task.model_validate_json(self._bucket.read(_tombstone_key(task_id)) or b"")
        except ValidationError as error:
            logger.warning("The tombstone of task %s in the outbox cannot be read: %s", task_id, error)
            return Task(task_id=task_id, file_path=task_id)

    def remove_tombstone(self, task_id: str) -> None:
        """Forget a deleted task."""
        self._bucket.remove([_tombstone_key(task_id)])
        if self._buried is not None:
            self._buried -= {task_id}

    def listing(self) -> OutboxListing:
        """What is there now; nothing in a bucket is ever half written."""
        found: dict[str, set[str]] = {NOTE: set(), RESULT: set(), TOMBSTONE: set()}
        for key in self._bucket.keys(FOLDER):
            name = key.rpartition("/")[2]
            stem, dot, suffix = name.rpartition(".")
            found.setdefault(dot + suffix, set()).add(stem)
        return OutboxListing(frozenset(found[NOTE]), frozenset(found[RESULT]), frozenset(found[TOMBSTONE]))

    def remove_parts(self, older_than_seconds: float) -> None:
        """There are none."""


def _key(task_id: str, suffix: str) -> str:
    return f"{FOLDER}/{task_id}{suffix}"


def result_key(task_id: str) -> str:
    """Where a result is kept."""
    return _key(task_id, RESULT)


def _tombstone_key(task_id: str) -> str:
    return f"{TOMBSTONES}/{task_id}{TOMBSTONE}"


def _task_id(name: str) -> str:
    return name.removesuffix(TOMBSTONE)
