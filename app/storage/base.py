"""What the service asks of the place where recordings lie. All calls block: call them off the event loop."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.schemas.resumable import ResumableUpload
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


@dataclass(frozen=True, slots=True)
class OutboxListing:
    """Ids of the tasks that have a note, a kept result, a tombstone; whether anything is half written."""

    notes: frozenset[str]
    results: frozenset[str]
    tombstones: frozenset[str]
    has_parts: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A task that was deleted so many seconds ago; of the task, only what is needed to delete it again."""

    task: Task
    age_seconds: float


class Outbox(Protocol):
    """What must be known of a task even when Redis has forgotten it."""

    def save(self, task: Task) -> None:
        """Note durably that `task` was accepted. Raises StorageFull, StorageUnavailable."""

    def holds(self, task_id: str) -> bool:
        """Whether there is a note of that task."""

    def read(self, task_id: str) -> Task | None:
        """The task noted under that id; None where there is none, or none that can be read."""

    def result(self, task_id: str) -> str | None:
        """The result kept of that task; None where there is none, or none that can be read."""

    def remove(self, task_id: str) -> None:
        """Forget note and result of a task. Raises OSError."""

    def deleted(self, task_ids: Iterable[str]) -> set[str]:
        """Those of the tasks that have a tombstone."""

    def tombstones(self) -> list[Tombstone]:
        """All tombstones. Raises OSError."""

    def remove_tombstone(self, task_id: str) -> None:
        """Forget a deleted task. Raises OSError."""

    def listing(self) -> OutboxListing:
        """What is there now. Raises OSError."""

    def remove_parts(self, older_than_seconds: float) -> None:
        """Remove what was left half written. Raises OSError."""


class ByteSink(Protocol):
    """The bytes of a resumable upload, locked against all others until closed."""

    @property
    def offset(self) -> int:
        """Bytes that are here."""

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""

    def sync(self) -> None:
        """Have what was written survive a power cut. Raises as `write` does."""

    def digest(self) -> str:
        """SHA-256 of the bytes, in hexadecimal. Raises StorageUnavailable."""

    def close(self) -> None:
        """End the lock."""


@dataclass(frozen=True, slots=True)
class StoredResumable:
    """A resumable upload as it lies here, and how many of its bytes."""

    upload: ResumableUpload
    offset: int


class Resumables(Protocol):
    """Uploads that arrive in several requests."""

    def create(self, upload: ResumableUpload) -> None:
        """Begin an upload, without a byte. Raises StorageFull, StorageUnavailable."""

    def save(self, upload: ResumableUpload) -> None:
        """Keep what is known of an upload. Raises StorageFull, StorageUnavailable."""

    def read(self, upload_id: str) -> StoredResumable | None:
        """The upload; None where there is none. Raises StorageUnavailable."""

    def lock(self, upload_id: str) -> ByteSink:
        """Its bytes, for one at a time. Raises UploadNotFound, UploadLocked, StorageUnavailable."""

    def remove_bytes(self, upload_id: str) -> None:
        """Forget the bytes of an upload that became a task. Raises StorageUnavailable."""

    def remove(self, upload_id: str) -> None:
        """Forget an upload. Raises StorageUnavailable."""

    def old(self, older_than_seconds: float) -> list[str]:
        """Ids of those that got no byte for at least so long, and that nobody writes now. Raises OSError."""


class Storage(Protocol):
    """Where recordings lie. A task's recording stays until its note is removed from the outbox."""

    @property
    def outbox(self) -> Outbox:
        """What is known here of tasks."""

    @property
    def resumables(self) -> Resumables:
        """What arrives in several requests."""

    def open_upload(self, task_id: str) -> UploadWriter:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""

    def open_received(self, upload_id: str, task_id: str) -> UploadWriter:
        """The bytes of a resumable upload as an upload, which keeps them until it is removed itself.

        Raises StorageFull, StorageUnavailable.
        """

    def save_clips(self, task_id: str, clips: bytes) -> None:
        """Keep clips of known speakers until the task ends. Raises StorageFull, StorageUnavailable."""

    def clips_of(self, task: Task) -> bytes | None:
        """Those clips; None where there are none."""

    def path_of(self, task: Task) -> Path:
        """File of a task's recording. Raises InvalidTask where it lies outside the storage."""

    def delete(self, task: Task) -> None:
        """Remove a task's recording, if it is there and was stored by this service."""

    def keep_result(self, task: Task, result: str) -> str | None:
        """Keep a task's result for as long as its recording: before Redis has it, which may lose it again.

        Returns the result that counts, an earlier one where there is one; None where the task was deleted.
        Never raises: where it cannot be kept, it counts all the same.
        """

    def keep_failed(self, task: Task, failure: TaskFailure | None) -> None:
        """Keep what lies here of a task that has just failed: Redis may forget that it has. Never raises.

        Where it cannot be kept it is finished at once, as `finish` does it; `failure` is None where the task
        was cancelled.
        """

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Remove what lies here of a task that ended long enough ago. Never raises.

        Its recording stays where it may be wanted again: with KEEP_AUDIO, and after failures worth another
        try.
        """

    def discard(self, task: Task) -> None:
        """Remove what lies here of a deleted task, and leave a tombstone, so that it stays deleted.

        Raises StorageFull, StorageUnavailable.
        """

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """Files of this service's uploads, at least that old, that no note claims and nobody writes now."""

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""

    def free_bytes(self) -> int:
        """Free space. Raises StorageUnavailable."""
