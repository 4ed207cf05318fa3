"""Recordings of earlier tasks, transcribed once more: with a better model, say."""

from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path

from anyio import to_thread

from app.core.errors import RecordingGone
from app.core.utils import extension_of
from app.schemas.caller import Caller
from app.services.receiving import BATCH_BYTES, Received, Receiver, abort
from app.services.task_service import TaskService
from app.storage.base import Storage, UploadWriter


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
        """A copy of the recording of that task, as if it had been sent; `undo` gets what removes it.

        Raises RecordingGone where the service has it no more, StorageFull, StorageUnavailable.
        """
        path = await self._tasks.recording(earlier_id, caller)
        task = (await self._tasks.waited(earlier_id, caller)).task
        await self._receiver.check_space(await to_thread.run_sync(_size_of, path))
        upload = await to_thread.run_sync(self._storage.open_upload, task_id)
        undo.push_async_callback(abort, upload)
        digest = await to_thread.run_sync(_copy, path, upload)
        return Received(upload, task.filename if task else None, extension_of(path.name, None), digest)


def _size_of(path: Path) -> int:
    """Raises RecordingGone."""
    try:
        return path.stat().st_size
    except FileNotFoundError as error:
        raise _gone() from error


def _copy(path: Path, upload: UploadWriter) -> str:
    """The SHA-256 of what was copied. Raises RecordingGone, StorageFull, StorageUnavailable."""
    digest = sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(BATCH_BYTES):
                upload.write(chunk)
                digest.update(chunk)
    except FileNotFoundError as error:
        raise _gone() from error
    return digest.hexdigest()


def _gone() -> RecordingGone:
    """It was removed in this moment."""
    return RecordingGone("The recording is no longer kept; send it again.")
