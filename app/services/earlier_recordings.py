"""Recordings of earlier tasks, transcribed once more: with a better model, say."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from hashlib import sha256
from io import SEEK_END

from anyio import to_thread

from app.core.errors import RecordingGone
from app.core.recording_path import RecordingPath
from app.core.validation import extension_of
from app.schemas.caller import Caller
from app.services.receiving import BATCH_BYTES, Received, Receiver, abort
from app.services.task_service import TaskService
from app.storage.base import Storage, UploadWriter
from app.storage.reading import readable


class EarlierRecordings:
    """What a new task may take over from an earlier one. All raise TaskNotFound, also of another's task, and
    QueueUnavailable."""

    def __init__(self, tasks: TaskService, storage: Storage, receiver: Receiver) -> None:
        self._tasks = tasks
        self._storage = storage
        self._receiver = receiver

    async def first(self, task_id: str, caller: Caller) -> str:
        """Id of the task that was the first of this recording: all others refer to that one."""
        record = await self._tasks.waited(task_id, caller)
        told = (record.state.result or {}).get("again_of") or (record.task.again_of if record.task else None)
        return told if isinstance(told, str) else task_id

    async def received(self, earlier_id: str, caller: Caller, task_id: str, undo: AsyncExitStack) -> Received:
        """A copy of the recording of that task; `undo` gets what removes it.

        Raises RecordingGone where the service has it no more, StorageFull, StorageUnavailable.
        """
        path = await self._tasks.recording(earlier_id, caller)
        task = (await self._tasks.waited(earlier_id, caller)).task
        size = await to_thread.run_sync(_size_of, path)
        await self._receiver.check_space(size)
        extension = extension_of(path.name, None)
        upload = await to_thread.run_sync(self._storage.open_upload, task_id, extension)
        undo.push_async_callback(abort, upload)
        digest = await to_thread.run_sync(_copy, path, upload)
        return Received(upload, task.filename if task else None, extension, digest, size)


@contextmanager
def _still_there() -> Iterator[None]:
    """Raise RecordingGone where the recording was removed in this moment."""
    try:
        yield
    except FileNotFoundError as error:
        raise RecordingGone("The recording is no longer kept; send it again.") from error


def _size_of(path: RecordingPath) -> int:
    """Bytes of a recording. Raises RecordingGone, StorageUnavailable."""
    with readable(), _still_there(), path.open("rb", buffering=0) as file:
        return file.seek(0, SEEK_END)


def _copy(path: RecordingPath, upload: UploadWriter) -> str:
    """The SHA-256 of what was copied. Raises RecordingGone, StorageFull, StorageUnavailable."""
    digest = sha256()
    with readable(), _still_there(), path.open("rb", buffering=0) as file:
        while chunk := file.read(BATCH_BYTES):
            upload.write(chunk)
            digest.update(chunk)
    return digest.hexdigest()
