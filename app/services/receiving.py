"""Forms on their way in: the recording goes to disk while it arrives, the other fields are gathered."""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from hashlib import sha256
from mimetypes import guess_all_extensions
from typing import Protocol

import anyio
from anyio import to_thread

from app.core.config import Settings
from app.core.errors import (
    EmptyUpload,
    FileMissing,
    MalformedUpload,
    ServiceError,
    StorageFull,
    UploadTooLarge,
)
from app.core.names import refuse_unknown
from app.core.validation import extension_of, quoted, shown_name
from app.services.known_speakers import REFERENCES
from app.storage.base import Storage, UploadWriter
from app.storage.files import RETRY_AFTER_SECONDS

FILE_FIELD = "file"
BATCH_BYTES = 1024 * 1024
"""Bytes that are gathered for one write off the event loop."""

SPACE_CHECK_BYTES = 64 * 1024 * 1024
FORM_OVERHEAD_BYTES = 1024 * 1024
"""What a request may be longer than its file: boundaries, part headers and the other fields."""

MAX_FIELD_BYTES = 8192
MAX_VALUES = 1000
"""Values of fields that are read which one request may hold: they are kept in memory."""

MAX_CLIP_BYTES = 2 * 1024 * 1024  # a clip in base64: 10 s in mono at 48 kHz as WAV are 1.3 MB


_RECORDING_TYPES = frozenset({"application/octet-stream", "application/ogg"})


def is_recording(content_type: str) -> bool:
    """Whether a Content-Type header is that of a recording, as far as a client knows."""
    return _media_type(content_type) in _RECORDING_TYPES or content_type.lower().startswith(
        ("audio/", "video/")
    )


class FormPart(Protocol):
    """One field of a form as it arrives; `filename` is None where the client gave none."""

    @property
    def name(self) -> str:
        """The field's name."""

    @property
    def filename(self) -> str | None:
        """The client's name of the file."""

    @property
    def content_type(self) -> str:
        """Its Content-Type header; empty where there is none."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The content; to be read before the next part is asked for."""


@dataclass(frozen=True, slots=True)
class Received:
    """A recording that has arrived, under its temporary name; `size` in bytes, `digest` is the SHA-256."""

    upload: UploadWriter
    filename: str | None
    extension: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that are no files; `values` gets those that it knows by name, `named` tells by which.

    Where unknown ones are not refused they are passed over unread, of whatever length.
    """

    values: Mapping[str, list[str]]
    refuses_unknown: bool = False
    named: Callable[[str], str] = str

    async def read(self, part: FormPart) -> None:
        """Take one. Raises UnknownParameter, MalformedUpload."""
        name = self.named(part.name)
        if self.refuses_unknown:
            refuse_unknown([name], self.values)
        if name not in self.values:
            return
        self.values[name].append(await _text(part, MAX_CLIP_BYTES if name == REFERENCES else MAX_FIELD_BYTES))
        if sum(map(len, self.values.values())) > MAX_VALUES:
            raise MalformedUpload(f"The form has more than {MAX_VALUES} values; send only those needed.")


class Receiver:
    """Reads forms."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._settings = settings
        self._storage = storage

    async def refuse_early(
        self, content_length: int | None, *, overhead_bytes: int = FORM_OVERHEAD_BYTES
    ) -> None:
        """Refuse before the body is read what would be refused after it. Raises as `receive` does."""
        announced = content_length or 0
        if announced > self._settings.max_upload_bytes + overhead_bytes:
            raise self._too_large()
        await self.check_space(announced)

    async def receive(
        self,
        form: AsyncIterator[FormPart],
        fields: Fields,
        task_id: str,
        undo: AsyncExitStack,
    ) -> Received | None:
        """Read the whole form: its one file to disk, where it holds one, its other fields into `fields`.

        Raises RequestError, StorageFull, StorageUnavailable; `undo` gets what removes the file.
        """
        received = None
        async for part in form:
            if part.filename is None and part.name != FILE_FIELD:
                await fields.read(part)
                continue
            _check_is_file(part)
            if received is not None:
                raise MalformedUpload("The request holds two files; send one recording per request.")
            allowed = self._settings.allowed_extensions
            extension = extension_of(part.filename or name_by_type(part.content_type, allowed), allowed)
            upload = await to_thread.run_sync(self._storage.open_upload, task_id, extension)
            undo.push_async_callback(abort, upload)
            digest, size = await self._store(part, upload)
            received = Received(upload, shown_name(part.filename or "") or None, extension, digest, size)
        return received

    async def _store(self, part: FormPart, upload: UploadWriter) -> tuple[str, int]:
        """Write the content; its digest and how many bytes it has."""
        digest = sha256()

        def write(data: bytearray) -> None:
            upload.write(data)
            digest.update(data)

        pending, size, next_check = bytearray(), 0, SPACE_CHECK_BYTES
        async for chunk in part.chunks():
            pending += chunk
            size += len(chunk)
            if size > self._settings.max_upload_bytes:
                raise self._too_large()
            if len(pending) >= BATCH_BYTES:
                await to_thread.run_sync(write, pending)
                pending = bytearray()
            if size >= next_check:
                await self.check_space(0)
                next_check += SPACE_CHECK_BYTES
        if size == 0:
            raise _nothing_in(part)
        await to_thread.run_sync(write, pending)
        return digest.hexdigest(), size

    async def check_space(self, needed_bytes: int) -> None:
        """Raises StorageFull where the disk has too little room for so many bytes, StorageUnavailable."""
        free = await to_thread.run_sync(self._storage.free_bytes)
        if free - needed_bytes < self._settings.min_free_disk_bytes:
            raise StorageFull(
                "The server has too little free disk space for this upload; please try again later.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )

    def _too_large(self) -> UploadTooLarge:
        limit = self._settings.max_upload_mb
        return UploadTooLarge(
            f"The file is larger than the {limit} MiB that this server takes; send a smaller one, "
            "for example as MP3 or Opus.",
            max_upload_mb=limit,
        )


async def abort(upload: UploadWriter) -> None:
    """Remove an upload that becomes no task."""
    with anyio.CancelScope(shield=True):
        await to_thread.run_sync(upload.abort)


def _check_is_file(part: FormPart) -> None:
    """Raises FileMissing where the part is not what `file` should be."""
    if part.name != FILE_FIELD:
        raise FileMissing(
            f"The recording came in the form field {quoted(part.name)}; send it in the field `{FILE_FIELD}`.",
        )
    if part.filename is None and not is_recording(part.content_type):
        raise FileMissing(
            f"The form field `{FILE_FIELD}` holds text instead of a file; with curl write "
            f"-F {FILE_FIELD}=@talk.mp3, with the @.",
        )


def _nothing_in(part: FormPart) -> ServiceError:
    """What an empty file means: browsers send one without a name where nobody has chosen a file."""
    if part.filename == "":
        return FileMissing("The file has no name and no content; choose a file.")
    return EmptyUpload("The file is empty; send a recording.")


def name_by_type(content_type: str, allowed: Collection[str] | None) -> str:
    """A name for a recording that came without one: `audio/x-wav` gives `recording.wav`."""
    media_type = _media_type(content_type)
    known = (extension.removeprefix(".") for extension in guess_all_extensions(media_type))
    extensions = [media_type.rpartition("/")[2].removeprefix("x-"), *known]
    return f"recording.{next((each for each in extensions if each in (allowed or ())), extensions[0])}"


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


async def _text(part: FormPart, max_bytes: int) -> str:
    content = bytearray()
    async for chunk in part.chunks():
        content += chunk
        if len(content) > max_bytes:
            raise MalformedUpload(
                f"The form field {quoted(part.name)} is longer than {max_bytes} bytes; a recording "
                f"belongs into the field `{FILE_FIELD}`, with a file name."
            )
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise MalformedUpload(f"The form field {quoted(part.name)} is not UTF-8 text.") from error
