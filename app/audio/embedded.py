"""Pictures, attachments and tags in a recording, which FFmpeg would read into memory when it opens the file.

Matroska attachments, MP4 user data, FLAC pictures and ID3 tags hold up to hundreds of MB, of which FFmpeg
keeps up to four copies. What is larger than LARGE_BYTES is hidden: it is read as padding, which each of these
formats knows. Smaller ones are left alone.

Formats: RFC 9559 (Matroska) and RFC 8794 (EBML), ISO/IEC 14496-12 (MP4), RFC 9639 (FLAC), id3.org (ID3v2.4).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from app.core.recording_path import SeekableBytes

LARGE_BYTES = 1024 * 1024

_MOST_ELEMENTS = 200_000
"""Elements that are looked at in one file: clusters of a week."""

EBML, _SEGMENT, _ATTACHMENTS, _TAGS = 0x1A45DFA3, 0x18538067, 0x1941A469, 0x1254C367
_FLAC_PICTURE, _FLAC_PADDING, _FLAC_LAST = 6, 1, 0x80
_MP4_TAGS = frozenset({b"udta", b"meta"})


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes that are read at `offset` instead of those in the file."""

    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Disguise:
    """How a file is to be read: from byte `first` on, and with patches."""

    first: int = 0
    patches: tuple[Patch, ...] = ()


def disguise(file: SeekableBytes) -> Disguise:
    """What hides the large embedded data of a file, which is left at its start."""
    size = file.seek(0, io.SEEK_END)
    first = _after_id3(file, size)
    start = read_at(file, first, 12)
    if start[:4] == EBML.to_bytes(4, "big"):
        patches = tuple(_matroska(file, first, size))
    elif start[:4] == b"fLaC":
        patches = tuple(_flac(file, first + 4, size))
    elif start[4:8] == b"ftyp":
        patches = tuple(_mp4(file, first, size))
    else:
        patches = ()
    file.seek(0)
    return Disguise(first, patches)


def _after_id3(file: SeekableBytes, size: int) -> int:
    """Where the file begins behind its ID3v2 tags; 0 where these are small."""
    end = 0
    while (header := read_at(file, end, 10))[:3] == b"ID3" and len(header) == 10 and end < size:
        length = 0
        for byte in header[6:]:
            length = length << 7 | byte & 0x7F
        end += 10 + length
    return end if LARGE_BYTES < end < size else 0


def _matroska(file: SeekableBytes, start: int, size: int) -> Iterator[Patch]:
    """Attachments and tags become Void elements of the same length."""
    for element, offset, header, _ in elements(file, start, size):
        if element == _SEGMENT:
            start = offset + header
            break
    else:
        return
    for element, offset, header, length in elements(file, start, size):
        if element in (_ATTACHMENTS, _TAGS) and length > LARGE_BYTES:
            # Void's own identifier is shorter, so that its length counts what is left of the header
            digits = min(8, header - 1)
            rest = length + header - 1 - digits
            yield Patch(offset, b"\xec" + (rest | 1 << 7 * digits).to_bytes(digits, "big"))


def elements(
    file: SeekableBytes, start: int, size: int, *, enter: bool = False
) -> Iterator[tuple[int, int, int, int]]:
    """Elements that follow each other: identifier, offset, bytes of the header, bytes of the content.

    The last is one whose length is unknown, as in live recordings; with `enter` its content follows.
    """
    for _ in range(_MOST_ELEMENTS):
        header = read_at(file, start, 12)
        identifier_bytes = _vint_bytes(header[:1])
        length_bytes = _vint_bytes(header[identifier_bytes : identifier_bytes + 1])
        total = identifier_bytes + length_bytes
        if not identifier_bytes or not length_bytes or total > len(header) or start >= size:
            return
        mask = (1 << 7 * length_bytes) - 1
        length = int.from_bytes(header[identifier_bytes:total], "big") & mask
        yield int.from_bytes(header[:identifier_bytes], "big"), start, total, length
        if length == mask and not enter:
            return
        start += total + (0 if length == mask else length)


def _vint_bytes(first: bytes) -> int:
    """Length of a variable-size integer that begins so; 0 where none does."""
    return 9 - first[0].bit_length() if first and first[0] else 0


def _mp4(file: SeekableBytes, start: int, size: int) -> Iterator[Patch]:
    """User data and tags, at the top and in `moov`, become `free` boxes."""
    for kind, offset, header, length in boxes(file, start, size):
        if kind in _MP4_TAGS and length > LARGE_BYTES:
            yield Patch(offset + 4, b"free")
        elif kind == b"moov":
            for inner, place, _, inner_length in boxes(file, offset + header, offset + length):
                if inner in _MP4_TAGS and inner_length > LARGE_BYTES:
                    yield Patch(place + 4, b"free")


def boxes(file: SeekableBytes, start: int, end: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Boxes that follow each other: kind, offset, bytes of the header, bytes of the whole."""
    for _ in range(_MOST_ELEMENTS):
        content = read_at(file, start, 16)
        if len(content) < 8 or start >= end:
            return
        length, kind = struct.unpack(">I4s", content[:8])
        header = 8
        if length == 1 and len(content) == 16:
            length, header = int.from_bytes(content[8:], "big"), 16
        if length < header:
            return
        yield kind, start, header, length
        start += length


def _flac(file: SeekableBytes, start: int, size: int) -> Iterator[Patch]:
    """Large pictures become padding."""
    while start < size:
        header = read_at(file, start, 4)
        if len(header) < 4:
            return
        kind, last, length = header[0] & 0x7F, header[0] & _FLAC_LAST, int.from_bytes(header[1:], "big")
        if kind == _FLAC_PICTURE and length > LARGE_BYTES:
            yield Patch(start, bytes([last | _FLAC_PADDING]))
        if last:
            return
        start += 4 + length


def read_at(file: SeekableBytes, offset: int, count: int) -> bytes:
    """Bytes of a file; none where it has none, however far behind its end that is."""
    if offset >= file.seek(0, io.SEEK_END):  # file systems refuse offsets that no file has
        return b""
    file.seek(offset)
    return file.read(count) or b""
