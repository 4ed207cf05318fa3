"""Parts of a form that other services call by other names, and samples that come without a header."""

import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass

from app.services.receiving import FILE_FIELD, FormPart

UNKNOWN_BYTES = 0xFFFF_FFFF
"""What a WAV header says of its length where it is written before the end is known."""

SAMPLE_BYTES = 2


def wav_header(sample_rate: int, channels: int) -> bytes:
    """Header of a WAV of 16-bit samples whose length is not known yet."""
    frame = SAMPLE_BYTES * channels
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", UNKNOWN_BYTES, b"WAVE"),
        *(b"fmt ", 16, 1, channels, sample_rate, sample_rate * frame, frame, 8 * SAMPLE_BYTES),
        *(b"data", UNKNOWN_BYTES),
    )


@dataclass(frozen=True, slots=True)
class RecordingPart:
    """A part of a form, or a whole body, as the part that holds the recording; `header` goes before it."""

    content: AsyncIterator[bytes]
    filename: str | None
    header: bytes = b""
    content_type: str = "application/octet-stream"
    name: str = FILE_FIELD

    async def chunks(self) -> AsyncIterator[bytes]:
        """The content."""
        if self.header:
            yield self.header
        async for chunk in self.content:
            yield chunk


async def with_recording(
    form: AsyncIterator[FormPart], field: str, *, header: bytes = b"", filename: str | None = None
) -> AsyncIterator[FormPart]:
    """The form with its part `field` as the recording; a name of its own is kept unless one is given."""
    async for part in form:
        if part.name == field:
            name = filename or part.filename or field
            yield RecordingPart(part.chunks(), name, header, part.content_type or "application/octet-stream")
        else:
            yield part


async def form_with(*parts: FormPart) -> AsyncIterator[FormPart]:
    """A form of these parts, where the request itself is none."""
    for part in parts:
        yield part
