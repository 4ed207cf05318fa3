"""Recordings that arrive in several requests: begun, gone on with, taken as that of a task."""

import asyncio
import logging
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import anyio
from anyio import to_thread

from app.core.config import Settings
from app.core.errors import (
    EmptyUpload,
    OffsetConflict,
    StorageFull,
    StorageUnavailable,
    UploadIncomplete,
    UploadLocked,
    UploadNotFound,
    UploadTaken,
    UploadTooLarge,
)
from app.core.validation import extension_of
from app.housekeeping.store_binding import StoreBinding
from app.queue.reader import TaskLookup
from app.schemas.caller import Caller
from app.schemas.resumable import ResumableUpload
from app.services.receiving import BATCH_BYTES, Received, Receiver, abort, name_by_type
from app.services.upload_writers import UploadWriters
from app.storage.base import ByteSink, Storage, StoredResumable
from app.storage.reading import digest_of
from app.storage.resumable import upload_not_found

logger = logging.getLogger(__name__)

LOCK_SECONDS = 30.0
"""How long a request waits for another process to be done with the same upload."""

LOOK_SECONDS = 0.1

WRITE_SECONDS = 2.0
"""How long bytes of a slow line wait in memory, where another API does not see them."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An upload as far as it has come, and its bytes, which nobody else has until they are closed."""

    upload: ResumableUpload
    bytes: ByteSink


class ResumableUploads:
    """The use case of an upload in several requests."""

    def __init__(self, settings: Settings, storage: Storage, folder: StoreBinding, tasks: TaskLookup) -> None:
        self._settings = settings
        self._folder = folder
        self._storage = storage
        self._resumables = storage.resumables
        self._receiver = Receiver(settings, storage)
        self._tasks = tasks
        self._writers = UploadWriters()

    async def begin(self, upload: ResumableUpload) -> None:
        """Begin an upload. Raises UploadTooLarge, UnsupportedExtension, StorageFull, StorageUnavailable."""
        self._extension_of(upload)
        await self._folder.require()
        await self._receiver.refuse_early(upload.length, overhead_bytes=0)
        await to_thread.run_sync(self._resumables.create, upload)

    async def look(self, upload_id: str, caller: Caller) -> StoredResumable:
        """The upload as far as it has come; who still writes it is cut off: it is gone on with.

        Raises UploadNotFound, StorageUnavailable, QueueUnavailable.
        """
        await self._read(upload_id, caller)
        await self._writers.cut_off(upload_id)
        stored = await self._read(upload_id, caller)
        if stored.is_taken and await known_task_id(self._tasks, stored.upload) is None:
            raise upload_not_found()  # its task was deleted, or has expired
        return stored

    async def is_live(self, upload_id: str, caller: Caller) -> bool:
        """Whether it is sent while it is recorded. Raises UploadNotFound, StorageUnavailable."""
        return (await self._read(upload_id, caller)).upload.is_live

    async def append(
        self, upload_id: str, caller: Caller, offset: int, length: int | None, body: AsyncIterator[bytes]
    ) -> StoredResumable:
        """Take more bytes; `length` announces that of the whole, where it was not known. What comes before a
        connection breaks is kept.

        Raises UploadNotFound, UploadTaken, OffsetConflict, UploadTooLarge, UploadLocked, StorageFull and
        StorageUnavailable.
        """
        await self._read(upload_id, caller)
        async with self._writers.writing(upload_id), self._locked(upload_id, caller) as locked:
            sink = locked.bytes
            await self._refuse_taken(locked.upload)
            if offset != sink.offset:
                raise OffsetConflict(
                    f"The upload has {sink.offset} bytes, and yours begin at {offset}; ask with HEAD where "
                    "to go on.",
                    offset=sink.offset,
                )
            upload = await self._announced(locked.upload, length, sink.offset)
            await self._write(upload, sink, body)
            return StoredResumable(upload, sink.offset)

    async def _refuse_taken(self, upload: ResumableUpload) -> None:
        """Raise UploadTaken where it has a task: its bytes, which were to go, are the task's recording."""
        if (became := await known_task_id(self._tasks, upload)) is not None:
            await to_thread.run_sync(self._resumables.remove_bytes, upload.upload_id)
            raise _taken(became)

    async def remove(self, upload_id: str, caller: Caller) -> str | None:
        """Forget an upload; the task that it became, which stays.

        Raises UploadNotFound, UploadLocked, StorageUnavailable, QueueUnavailable.
        """
        await self._read(upload_id, caller)
        await self._writers.cut_off(upload_id)
        async with AsyncExitStack() as held:
            with suppress(UploadTaken):
                await held.enter_async_context(self._locked(upload_id, caller))
            became = await known_task_id(self._tasks, (await self._read(upload_id, caller)).upload)
            await to_thread.run_sync(self._resumables.remove, upload_id)
        return became

    async def arrived(
        self, upload_id: str, caller: Caller, held: AsyncExitStack, *, is_left: bool = False
    ) -> Arrived | str:
        """An upload that is to become a task, nobody else's while `held`; the task where it became one.

        One whose length was never announced counts as far as it came; so does one that `is_left` by its
        client, unless that has come back. Raises UploadNotFound, UploadIncomplete, EmptyUpload,
        UploadLocked, StorageUnavailable, QueueUnavailable.
        """
        await self._read(upload_id, caller)
        if not is_left:
            await self._writers.cut_off(upload_id)
        try:
            locked = await held.enter_async_context(self._locked(upload_id, caller))
        except UploadTaken as error:
            became = await known_task_id(self._tasks, (await self._read(upload_id, caller)).upload)
            if became is None:
                raise upload_not_found() from error
            return became
        upload, sink = locked.upload, locked.bytes
        if (became := await known_task_id(self._tasks, upload)) is not None:
            return became
        if is_left:
            await self._check_silent(upload_id)
        if upload.length is not None and sink.offset < upload.length and not is_left:
            raise UploadIncomplete(
                f"The upload has {sink.offset} of its {upload.length} bytes; send the rest first.",
                offset=sink.offset,
            )
        if sink.offset == 0:
            raise EmptyUpload("The upload has no bytes; send a recording.")
        self._check_length(upload, sink.offset)
        return locked

    def _check_length(self, upload: ResumableUpload, size: int) -> None:
        """Raise UploadTooLarge: who puts bytes straight into a bucket is not stopped on the way."""
        most = min(self._settings.max_upload_bytes, upload.length or size)
        if size > most:
            raise UploadTooLarge(f"The upload has {size} bytes, more than the {most} that it may have.")

    async def _check_silent(self, upload_id: str) -> None:
        """Raise UploadLocked where its client has come back since it was found to be left."""
        silent = await to_thread.run_sync(self._resumables.silent_seconds, upload_id)
        if self._writers.has(upload_id) or silent < self._settings.left_upload_seconds:
            raise UploadLocked("The client of this upload has come back.")

    async def received(self, arrived: Arrived, task_id: str, undo: AsyncExitStack) -> Received:
        """The upload as the recording of a task, which is noted first: it becomes no other one.

        `undo` gets what removes the recording; the upload stays. Raises StorageFull, StorageUnavailable.
        """
        upload = arrived.upload
        await to_thread.run_sync(self._resumables.save, upload.model_copy(update={"task_id": task_id}))
        extension = self._extension_of(upload)
        writer = await to_thread.run_sync(self._storage.open_received, upload.upload_id, task_id, extension)
        undo.push_async_callback(abort, writer)
        digest = await to_thread.run_sync(digest_of, writer)
        return Received(writer, upload.filename or None, extension, digest, arrived.bytes.offset)

    async def take(self, arrived: Arrived, task_id: str) -> None:
        """That task has its bytes; how many they were stays known. What cannot be removed now expires."""
        update = {"task_id": task_id, "length": arrived.bytes.offset}
        whole = arrived.upload.model_copy(update=update)
        try:
            await to_thread.run_sync(self._resumables.save, whole)
            await to_thread.run_sync(self._resumables.remove_bytes, whole.upload_id)
        except (StorageFull, StorageUnavailable) as error:
            logger.warning("The bytes of the upload %s stay: %s", whole.upload_id, error)

    def _extension_of(self, upload: ResumableUpload) -> str:
        allowed = self._settings.allowed_extensions
        return extension_of(upload.filename or name_by_type(upload.filetype, allowed), allowed)

    async def _read(self, upload_id: str, caller: Caller) -> StoredResumable:
        stored = await to_thread.run_sync(self._resumables.read, upload_id)
        if stored is None or not caller.may_see(stored.upload.owner):
            raise upload_not_found()
        return stored

    async def _announced(self, upload: ResumableUpload, length: int | None, offset: int) -> ResumableUpload:
        """The upload, with the length that has now been announced."""
        if length is None or length == upload.length:
            return upload
        if upload.length is not None:
            raise OffsetConflict(f"The length of the upload was announced as {upload.length} bytes before.")
        if length < offset:
            raise OffsetConflict(f"The upload has {offset} bytes already, more than {length}.", offset=offset)
        await self._receiver.refuse_early(length, overhead_bytes=0)
        upload = upload.model_copy(update={"length": length})
        await to_thread.run_sync(self._resumables.save, upload)
        return upload

    async def _write(self, upload: ResumableUpload, sink: ByteSink, body: AsyncIterator[bytes]) -> None:
        most = self._settings.max_upload_bytes if upload.length is None else upload.length
        pending, size, written = bytearray(), sink.offset, time.monotonic()
        try:
            async for chunk in body:
                size += len(chunk)
                if size > most:
                    raise UploadTooLarge(f"The upload is longer than the {most} bytes that it may have.")
                pending += chunk
                if len(pending) >= BATCH_BYTES or time.monotonic() - written >= WRITE_SECONDS:
                    data, pending, written = pending, bytearray(), time.monotonic()
                    await self._receiver.check_space(len(data))
                    await to_thread.run_sync(sink.write, data)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(_write_and_sync, sink, pending)

    @asynccontextmanager
    async def _locked(self, upload_id: str, caller: Caller) -> AsyncIterator[Arrived]:
        """The upload as it is once no other process has it. Raises UploadTaken where its bytes are a task's
        by now."""
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                sink = await to_thread.run_sync(self._resumables.lock, upload_id)
                break
            except UploadLocked:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(LOOK_SECONDS)
            except UploadNotFound:
                task_id = (await self._read(upload_id, caller)).upload.task_id
                if task_id is None:
                    raise
                raise _taken(task_id) from None
        try:
            yield Arrived((await self._read(upload_id, caller)).upload, sink)
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(sink.close)  # in a bucket that takes requests


async def known_task_id(tasks: TaskLookup, upload: ResumableUpload) -> str | None:
    """The task that it became, where that is known: whoever made it one may have died with its id noted."""
    is_known = upload.task_id is not None and await tasks.record(upload.task_id) is not None
    return upload.task_id if is_known else None


def new_upload_id() -> str:
    """An id that nobody can guess."""
    return uuid.uuid4().hex


def _write_and_sync(sink: ByteSink, data: bytearray) -> None:
    if data:
        sink.write(data)
    sink.sync()


def _taken(task_id: str) -> UploadTaken:
    return UploadTaken(f"The upload has become the task {task_id}; begin a new one.", task_id=task_id)
