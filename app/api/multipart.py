"""Forms as they arrive: parts are handed on while the body is still on its way, and nothing is kept.

Starlette's `request.form()` first writes a whole upload to a temporary file of its own; here the bytes go
from the socket to the storage.
"""

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.api.body import BodyReader
from app.api.disposition import parse_filename
from app.core.errors import MalformedUpload

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MAX_PARTS = 32
"""Parts of a form whose fields are all known; what is passed over may come in any number."""

_CURL_HINT = "send the recording as multipart/form-data, for example with curl -F file=@talk.mp3"
_RAW_HINT = "or alone, with its own Content-Type, such as audio/mpeg"
_NO_BEGINNING = "it does not begin with the boundary that the Content-Type header names"


@dataclass(frozen=True, slots=True)
class _PartBegin:
    name: str
    filename: str | None
    content_type: str


@dataclass(frozen=True, slots=True)
class _PartEnd:
    pass


@dataclass(frozen=True, slots=True)
class _FormEnd:
    pass


_Event = _PartBegin | bytes | _PartEnd | _FormEnd


def multipart_boundary(content_type: str | None) -> bytes:
    """Boundary that a Content-Type header names. Raises MalformedUpload."""
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data":
        raise MalformedUpload(f"The request is neither a form nor a recording; {_CURL_HINT}, {_RAW_HINT}.")
    boundary = options.get(b"boundary", b"")
    if not boundary:
        raise MalformedUpload(f"The Content-Type header names no boundary; {_CURL_HINT}.")
    return boundary


class _Events:
    """Turns bytes into events; python-multipart calls back for each thing that it finds."""

    def __init__(self, boundary: bytes, max_parts: int | None) -> None:
        self._max_parts = max_parts
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
        if self._max_parts is not None and self._parts > self._max_parts:
            raise MalformedUpload(
                f"The form has more than {self._max_parts} parts; send only the fields needed."
            )
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
        content_type = self._headers.get(b"content-type", b"").decode("latin-1")
        self.found.append(_PartBegin(_utf8(name), parse_filename(disposition), content_type))

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        self.found.append(data[start:end])

    def _on_part_end(self) -> None:
        self.found.append(_PartEnd())

    def _on_end(self) -> None:
        self.ended = True
        self.found.append(_FormEnd())


class Part:
    """One field of the form; its content is read while it arrives."""

    def __init__(self, begin: _PartBegin, reader: "FormReader") -> None:
        self.name = begin.name
        self.filename = begin.filename
        self.content_type = begin.content_type
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
    """Reads a multipart body of at most `max_parts`; each is to be read before the next one is asked for."""

    def __init__(self, body: BodyReader, boundary: bytes, max_parts: int | None = MAX_PARTS) -> None:
        self._body = body
        self._events = _Events(boundary, max_parts)

    async def parts(self) -> AsyncIterator[Part]:
        """The parts in order. Raises MalformedUpload, UploadStalled, UploadTooLarge."""
        while isinstance(event := await self.next_event(), _PartBegin):
            part = Part(event, self)
            yield part
            async for _ in part.chunks():
                pass
        await self._read_epilogue()

    async def next_event(self) -> _Event:
        """What comes next in the body."""
        while not self._events.found:
            chunk = await self._body.next_chunk()
            if chunk is None:
                raise MalformedUpload("The form breaks off before its end; send it again.")
            self._events.feed(chunk)
        return self._events.found.popleft()

    async def _read_epilogue(self) -> None:
        while await self._body.next_chunk() is not None:
            pass


def _parser(boundary: bytes, callbacks: "MultipartCallbacks") -> MultipartParser:
    try:
        return MultipartParser(boundary, callbacks)
    except FormParserError as error:
        raise MalformedUpload(
            f"The boundary in the Content-Type header is too long; {_CURL_HINT}."
        ) from error


def _utf8(name: bytes) -> str:
    return name.decode("utf-8", "replace")
