"""The outbox in UPLOAD_DIR: what must be known of a task even when Redis has forgotten it.

Small files named by the task: `<id>.json` is the note of an accepted task, `<id>.result` the result of one
that is done, `<id>.deleted` the tombstone of one that was deleted.
"""

import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from app.core.config import Settings
from app.schemas.task import Task
from app.storage.base import OutboxListing, Tombstone
from app.storage.files import PART_SUFFIX, files_with_ages, write_durably

logger = logging.getLogger(__name__)

NOTE, RESULT, TOMBSTONE = ".json", ".result", ".deleted"


class LocalOutbox:
    """A folder of the upload folder, shared like it by the API and all workers."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.outbox_dir

    def save(self, task: Task) -> None:
        """Note durably that `task` was accepted. Raises StorageFull, StorageUnavailable."""
        write_durably(self._path(task.task_id, NOTE), task.model_dump_json().encode())

    def holds(self, task_id: str) -> bool:
        """Whether there is a note of that task."""
        return self._path(task_id, NOTE).is_file()

    def read(self, task_id: str) -> Task | None:
        """The task noted under that id; None where there is none, or none that can be read."""
        try:
            return Task.model_validate_json(self._path(task_id, NOTE).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            logger.warning("The note of task %s in the outbox cannot be read: %s", task_id, error)
            return None

    def save_result(self, task_id: str, result: str) -> str:
        """Keep a result durably beside the note; the result that is kept now, which may be an earlier one.

        Raises StorageFull, StorageUnavailable.
        """
        if write_durably(self._path(task_id, RESULT), result.encode(), replace=False):
            return result
        return self.result(task_id) or result

    def result(self, task_id: str) -> str | None:
        """The result kept of that task; None where there is none, or none that can be read."""
        try:
            return self._path(task_id, RESULT).read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            logger.warning("The result of task %s in the outbox cannot be read: %s", task_id, error)
            return None

    def remove(self, task_id: str) -> None:
        """Forget note and result of a task. Raises OSError."""
        self._path(task_id, NOTE).unlink(missing_ok=True)  # first: it would bring the task back
        self._path(task_id, RESULT).unlink(missing_ok=True)

    def bury(self, task: Task) -> None:
        """Put a tombstone in the place of a task's note, durably. Raises StorageFull, StorageUnavailable.

        It says no more of the task than what is needed to delete it again.
        """
        kept = task.model_dump_json(include={"task_id", "file_path", "owner"})
        write_durably(self._path(task.task_id, TOMBSTONE), kept.encode())
        try:
            self.remove(task.task_id)
        except OSError as error:  # the tombstone counts more, and the sweep tries again
            logger.warning("The note of task %s in the outbox cannot be removed: %s", task.task_id, error)

    def deleted(self, task_ids: Iterable[str]) -> set[str]:
        """Those of the tasks that have a tombstone."""
        return {task_id for task_id in task_ids if self._path(task_id, TOMBSTONE).is_file()}

    def tombstones(self) -> list[Tombstone]:
        """All tombstones. Raises OSError."""
        files = files_with_ages(self._folder)
        return [Tombstone(path.stem, age) for age, path in files if path.suffix == TOMBSTONE]

    def buried(self, task_id: str) -> Task:
        """A deleted task; a tombstone that cannot be read still says which."""
        path = self._path(task_id, TOMBSTONE)
        try:
            return Task.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            logger.warning("The tombstone %s in the outbox cannot be read: %s", path.name, error)
            return Task(task_id=task_id, file_path=task_id)

    def remove_tombstone(self, task_id: str) -> None:
        """Forget a deleted task. Raises OSError."""
        self._path(task_id, TOMBSTONE).unlink(missing_ok=True)

    def listing(self) -> OutboxListing:
        """What is there now. Raises OSError."""
        found: dict[str, set[str]] = defaultdict(set)
        with contextlib.suppress(FileNotFoundError):
            for path in self._folder.iterdir():
                found[path.suffix].add(path.stem)
        return OutboxListing(
            notes=frozenset(found[NOTE]),
            results=frozenset(found[RESULT]),
            tombstones=frozenset(found[TOMBSTONE]),
            has_parts=bool(found[PART_SUFFIX]),
        )

    def remove_parts(self, older_than_seconds: float) -> None:
        """Remove what was left half written. Raises OSError."""
        for age, path in files_with_ages(self._folder):
            if path.suffix == PART_SUFFIX and age >= older_than_seconds:
                path.unlink(missing_ok=True)

    def _path(self, task_id: str, suffix: str) -> Path:
        return self._folder / f"{task_id}{suffix}"
