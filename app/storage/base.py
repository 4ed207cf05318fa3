"""What the service asks of the place where recordings lie. All calls block: call them off the event loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.schemas.task import Task, TaskFailure


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file that an upload of this service left; `complete` once it bears its final name."""

    task_id: str
    name: str
    complete: bool


class UploadWriter(Protocol):
    """One upload on its way in."""

    @property
    def path(self) -> Path:
        """Where the bytes are now."""

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""

    def commit(self, extension: str) -> str:
        """Make the upload durable under its final name, which is returned. Raises as `write` does."""

    def abort(self) -> None:
        """Remove all of it, committed or not; may be called more than once."""


class Storage(Protocol):
    """Where recordings lie, and the outbox: what is known of uploads until their task has ended."""

    def open_upload(self, task_id: str) -> UploadWriter:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""

    def path_of(self, task: Task) -> Path:
        """File of a task's recording. Raises InvalidTask where it lies outside the storage."""

    def delete(self, task: Task) -> None:
        """Remove a task's recording, if it is there and was stored by this service."""

    def discard(self, task: Task) -> None:
        """Remove what lies here of a task, wanted or not. Never raises."""

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Forget an ended task: its outbox entry, and its recording unless it may be wanted again.

        Wanted are all recordings with KEEP_AUDIO, and those of failures worth another try. Never raises.
        """

    def save_outbox(self, task: Task) -> None:
        """Note durably that `task` is to be enqueued. Raises StorageFull, StorageUnavailable."""

    def outbox_ids(self, older_than_seconds: float = 0) -> list[str]:
        """Ids of the tasks noted, oldest first, that were noted at least this long ago."""

    def read_outbox(self, task_id: str) -> Task | None:
        """The task noted under that id; None where there is none, or none that can be read."""

    def remove_outbox(self, task_id: str) -> None:
        """Forget a note, if there is one. Raises StorageUnavailable."""

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """Files of this service's uploads, at least that old, that no note claims and nobody writes now."""

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""

    def free_bytes(self) -> int:
        """Free space. Raises StorageUnavailable."""
