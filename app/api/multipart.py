"""Forms as they arrive: parts are handed on while the body is still on its way, and nothing is kept.

Starlette's `request.form()` first writes a whole upload to a temporary file of its own; here the bytes go
from the socket to the storage.
"""

import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.core.errors import MalformedUpload, UploadStalled, UploadTooLarge
from app.core.speed import ANY_SPEED, SlowestSpeed, SpeedMeter

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 32
STALL_SECONDS = 60.0
"""Longest silence of a client in the middle of its upload."""

_CURL_HINT = "send the recording as multipart/form-data, for example with curl -F file=@talk.mp3"
_NO_BEGINNING = "it does not begin with the boundary that the Content-Type header names"


@dataclass(frozen=True, slots=True)
class _PartBegin:
    name: str
    filename: str | None


@dataclass(frozen=True, slots=True)
class _PartEnd:
    pass


@dataclass(frozen=True, slots=True)
class _FormEnd:
    pass


_Event = _PartBegin | bytes | _PartEnd | _FormEnd


def boundary_of(content_type: str | None) -> bytes:
    """Boundary that a Content-Type header names. Raises MalformedUpload."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise MalformedUpload(f"The request is no form; {_CURL_HINT}.")
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise MalformedUpload(f"The Content-Type header names no boundary; {_CURL_HINT}.")
    return boundary


class _Events:
    """Turns bytes into events; python-multipart calls back for each thing that it finds."""

    def __init__(self, boundary: bytes) -> None:
        self.found: deque[_Event] = deque()
        self.ended = False
        self._parts = 0
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._on_part_begin,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header_end,
            "on_headers_finished": self._on_headers_finished,
            "on_part_data": self._on_part_data,
            "on_part_end": self._on_part_end,
            "on_end": self._on_end,
        }
        self._parser = _parser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        """Parse `data` into `found`. Raises MalformedUpload."""
        try:
            self._parser.write(data)
        except FormParserError as error:
            begun = f"its part {self._parts} is wrong: {error}" if self._parts else _NO_BEGINNING
            raise MalformedUpload(f"The form cannot be read ({begun}); {_CURL_HINT}.") from error

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise MalformedUpload(f"The form has more than {MAX_PARTS} parts; send only the fields needed.")
        self._headers = {}

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        self._headers[bytes(self._header_name).lower()] = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        disposition = self._headers.get(b"content-disposition", b"").decode("latin-1")
        _, options = parse_options_header(disposition)
        name = options.get(b"name")
        if name is None:
            raise MalformedUpload(f"A part of the form has no name; {_CURL_HINT}.")
        filename = options.get(b"filename")
        text = _extended_filename(disposition) if filename is None else _utf8(filename)
        self.found.append(_PartBegin(_utf8(name), text))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.found.append(data[start:end])

    def _on_part_end(self) -> None:
        self.found.append(_PartEnd())

    def _on_end(self) -> None:
        self.ended = True
        self.found.append(_FormEnd())


class Part:
    """One field of the form; its content is read while it arrives."""

    def __init__(self, name: str, filename: str | None, reader: "FormReader") -> None:
        self.name = name
        self.filename = filename
        self._reader = reader
        self._ended = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content. Raises MalformedUpload, UploadStalled."""
        while not self._ended:
            event = await self._reader.next_event()
            if isinstance(event, bytes):
                yield event
            else:
                self._ended = True


class FormReader:
    """Reads a multipart body from `stream`; each part is to be read before the next one is asked for."""

    def __init__(
        self,
        stream: AsyncIterator[bytes],
        boundary: bytes,
        *,
        max_bytes: int,
        stall_seconds: float = STALL_SECONDS,
        slowest: SlowestSpeed = ANY_SPEED,
    ) -> None:
        self._stream = stream
        self._bytes_left = max_bytes
        self._stall_seconds = stall_seconds
        self._slowest = slowest
        self._speed = SpeedMeter(slowest)
        self._events = _Events(boundary)

    async def parts(self) -> AsyncIterator[Part]:
        """The parts in order. Raises MalformedUpload, UploadStalled, UploadTooLarge."""
        while isinstance(event := await self.next_event(), _PartBegin):
            part = Part(event.name, event.filename, self)
            yield part
            async for _ in part.chunks():
                pass
        await self._read_epilogue()

    async def next_event(self) -> _Event:
        """What comes next in the body."""
        while not self._events.found:
            chunk = await self._next_chunk()
            if chunk is None:
                raise MalformedUpload("The form breaks off before its end; send it again.")
            self._events.feed(chunk)
        return self._events.found.popleft()

    async def _read_epilogue(self) -> None:
        while await self._next_chunk() is not None:
            pass

    async def _next_chunk(self) -> bytes | None:
        began = time.monotonic()
        try:
            with anyio.fail_after(self._stall_seconds):
                chunk = await anext(self._stream, None)
        except TimeoutError as error:
            raise UploadStalled(
                f"No byte of the upload came for {self._stall_seconds:g} seconds; send it again."
            ) from error
        if self._speed.is_too_slow(time.monotonic() - began, len(chunk or b"")):
            raise UploadStalled(
                f"The upload came at less than {self._slowest.bytes_per_second:g} bytes a second, the least "
                "that is waited for (MIN_TRANSFER_BYTES_PER_SECOND); send it again over a faster connection."
            )
        self._bytes_left -= len(chunk or b"")
        if self._bytes_left < 0:
            raise UploadTooLarge("The request is longer than the largest file that this server takes.")
        return chunk


def _parser(boundary: bytes, callbacks: "MultipartCallbacks") -> MultipartParser:
    try:
        return MultipartParser(boundary, callbacks)
    except FormParserError as error:
        raise MalformedUpload(
            f"The boundary in the Content-Type header is too long; {_CURL_HINT}."
        ) from error


def _utf8(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _extended_filename(disposition: str) -> str | None:
    """`filename*=utf-8''…`, which older clients send for names that are not ASCII, against RFC 7578."""
    message = Message()
    message["Content-Disposition"] = disposition
    return message.get_filename()
