"""What the service asks of the place where recordings lie. All calls block: call them off the event loop."""

import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.recording_path import RecordingPath
from app.schemas.resumable import ResumableUpload
from app.schemas.task import Task, TaskFailure
from app.storage.marker import Marker

UNLIMITED = sys.maxsize
"""What `free_bytes` of a store tells that has no disk of its own."""


@dataclass(frozen=True, slots=True)
class StoredUpload:
    """A file that an upload of this service left; `complete` once it bears its final name."""

    task_id: str
    name: str
    complete: bool


class UploadWriter(Protocol):
    """One upload on its way in."""

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""

    def recording(self) -> RecordingPath:
        """What has been written, to be looked at: nothing more may be written. Raises as `write` does."""

    def commit(self) -> str:
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
    """That a task was deleted so many seconds ago."""

    task_id: str
    age_seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A task that has ended, and why where it failed."""

    task: Task
    failure: TaskFailure | None = None


class Outbox(Protocol):
    """What must be known of a task even when Redis has forgotten it.

    A bucket that does not answer raises StorageUnavailable everywhere here, also where nothing else is said.
    """

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

    def buried(self, task_id: str) -> Task:
        """A deleted task, as far as its tombstone tells: what is needed to delete it again."""

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

    def close(self) -> None:
        """End the lock."""


@dataclass(frozen=True, slots=True)
class StoredResumable:
    """A resumable upload as it lies here, and how many of its bytes."""

    upload: ResumableUpload
    offset: int
    is_taken: bool = False
    """A task has the bytes."""


@dataclass(frozen=True, slots=True)
class Link:
    """An address in a bucket for whoever has it, for STORAGE_LINK_SECONDS, and headers to send to it."""

    url: str
    headers: Mapping[str, str]


class Resumables(Protocol):
    """Uploads that arrive in several requests, or that clients put straight into a bucket."""

    def link_to(self, upload_id: str) -> Link | None:
        """Where a client may PUT all bytes of an upload at once; None where it cannot."""

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

    def remove_parts(self, older_than_seconds: float) -> None:
        """Remove what was left half written. Raises OSError."""

    def silent(self, at_least_seconds: float) -> list[str]:
        """Ids of those that no task has yet, and that got no byte for so long. Raises OSError."""

    def silent_seconds(self, upload_id: str) -> float:
        """How long one has got no byte; 0 where it has none. Raises OSError."""

    def old(self, older_than_seconds: float) -> list[str]:
        """Ids of those that got no byte for at least so long, and that nobody writes now. Raises OSError."""


class ServiceMarker(Protocol):
    """Tells whose the place is in which recordings lie."""

    def read(self) -> Marker | None:
        """The marker; None where there is none that can be read. Raises StorageUnavailable."""

    def write(self, marker: Marker, *, replace: bool) -> bool:
        """Write it durably; False where there is one already that may not be replaced.

        Raises StorageFull, StorageUnavailable.
        """

    def keep(self) -> None:
        """Have others see that an API which has it is alive, where that can be seen. Raises OSError."""

    def leave(self) -> None:
        """This API ends."""

    def is_abandoned(self) -> bool:
        """Whether another service, which is gone, has left nothing here; False where that cannot be told."""


class Storage(Protocol):
    """Where recordings lie. A task's recording stays until its note is removed from the outbox."""

    @property
    def place(self) -> str:
        """The setting that says where that is."""

    @property
    def marker(self) -> ServiceMarker:
        """Whose it is."""

    @property
    def outbox(self) -> Outbox:
        """What is known here of tasks."""

    @property
    def resumables(self) -> Resumables:
        """What arrives in several requests."""

    def check(self) -> None:
        """Try whether it can be used, where that does not show by itself.

        Raises StorageMisconfigured, StorageUnavailable.
        """

    def open_upload(self, task_id: str, extension: str) -> UploadWriter:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""

    def open_received(self, upload_id: str, task_id: str, extension: str) -> UploadWriter:
        """The bytes of a resumable upload as an upload, which keeps them until it is removed itself.

        Raises StorageFull, StorageUnavailable.
        """

    def save_clips(self, task_id: str, clips: bytes) -> None:
        """Keep clips of known speakers until the task ends. Raises StorageFull, StorageUnavailable."""

    def clips_of(self, task: Task) -> bytes | None:
        """Those clips; None where there are none."""

    def keep_fetched(self, task: Task, fetch: Callable[[Path], object]) -> RecordingPath:
        """Keep as a task's recording what `fetch` writes to the path that it is given.

        Raises what `fetch` raises, OSError, InvalidTask, StorageUnavailable.
        """

    def recording_of(self, task: Task) -> RecordingPath | None:
        """A task's recording; None where it is not there.

        Raises InvalidTask where it lies outside the storage, StorageUnavailable.
        """

    def delete(self, task: Task) -> None:
        """Remove a task's recording, if it is there and was stored by this service."""

    def kept_recording(self, task: Task) -> RecordingPath | None:
        """A recording that this service stored; None where it is gone. Raises StorageUnavailable."""

    def link_to(self, path: RecordingPath) -> Link | None:
        """Where a client may GET a kept recording; None where it cannot."""

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

    def finish_all(self, ended: Collection[Ended]) -> None:
        """The same for many, with few requests where they lie in a bucket."""

    def finish_unnoted(self, task: Task) -> None:
        """Finish an ended task that has no note, so that nobody else would. Never raises."""

    def discard(self, task: Task) -> None:
        """Remove what lies here of a deleted task, and leave a tombstone, so that it stays deleted.

        Raises StorageFull, StorageUnavailable.
        """

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """This service's uploads, at least that old, that no note claims and nobody writes now.

        Raises OSError, StorageUnavailable.
        """

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""

    def free_bytes(self) -> int:
        """Free space; UNLIMITED of a bucket. Raises StorageUnavailable."""
