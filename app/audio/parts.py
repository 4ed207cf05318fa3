"""Files that were joined as they are (`cat a.wav b.wav`), in formats whose readers see the first part only.

Streams of frames, such as MP3 or AAC, are read on by FFmpeg; a WAV, MP4 or Matroska file ends for it where
its header says, and others where the format changes. What has no list of its contents is searched for the
beginning of another file of its kind.
"""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from app.audio.embedded import EBML, boxes, elements, read_at
from app.core.recording_path import RecordingPath, SeekableBytes

MOST_PARTS = 10_000
"""Parts of one file that are looked for."""

_SEARCHED_BYTES = 1024 * 1024
"""Read at a time."""

_BEGINNING_BYTES = 32
"""What a pattern of `_BEGINNINGS` may cover."""

_OGG_FIRST_PAGE = b"OggS\x00\x02"


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes [first, last) of a file that are a recording; `last` is None at its end."""

    first: int = 0
    last: int | None = None


@dataclass(frozen=True, slots=True)
class _Beginning:
    """How files of a kind begin: bytes to search for, and what must be there as a whole."""

    literal: bytes
    whole: "re.Pattern[bytes]"


def _beginning(literal: bytes, rest: bytes) -> _Beginning:
    return _Beginning(literal, re.compile(re.escape(literal) + rest, re.DOTALL))


_BEGINNINGS = (
    _beginning(b"fLaC\x00\x00\x00\x22", b""),  # RFC 9639, section 8.1
    _beginning(b"FORM", rb".{4}AIF[FC][A-Z]{4}"),
    _beginning(b"caff\x00\x01\x00\x00desc", b""),
    _beginning(b"RF64\xff\xff\xff\xffWAVEds64", b""),  # EBU Tech 3306
    _beginning(bytes.fromhex("72696666 2e91cf11 a5d628db 04c10000"), b""),  # Sony Wave64
    _beginning(bytes.fromhex("3026b275 8e66cf11 a6d900aa 0062ce6c"), b""),  # ASF, of which WMA is one
    _beginning(b"FLV\x01", rb"[\x00-\x05]\x00\x00\x00\x09\x00{4}"),
    _beginning(b"TTA1", rb"[\x01-\x03]\x00[\x01-\x40]\x00"),
    _beginning(b"Creative Voice File\x1a", b""),
)

_OTHER_FILE = re.compile(
    rb"ID3[\x02-\x04]|\xff[\xf3\xfb][\x10-\xee]|OggS\0\x02|fLaC\0|\x1aE\xdf\xa3|.{4}ftyp", re.DOTALL
)
"""How a file of another kind begins that may follow a WAV file: MP3, Ogg, FLAC, Matroska, MP4."""


def parts_of(path: RecordingPath) -> tuple[Part, ...]:
    """The recordings that a file was joined from; usually one. Raises OSError,
    RecordingUnreachable."""
    with path.open("rb", 0) as file:
        begins = list(islice(_begins(file), MOST_PARTS))
    ends = [*begins[1:], None]
    return tuple(Part(first, last) for first, last in zip(begins, ends, strict=True))


def _begins(file: SeekableBytes) -> Iterator[int]:
    start = read_at(file, 0, _BEGINNING_BYTES)
    if start[:4] == b"RIFF" and start[8:12] == b"WAVE":
        return _waves(file)
    if start[4:8] == b"ftyp":
        return _movies(file)
    if start[:4] == EBML.to_bytes(4, "big"):
        return _matroska(file)
    if start.startswith(_OGG_FIRST_PAGE):
        return _ogg_links(file)
    kind = next((each for each in _BEGINNINGS if each.whole.match(start)), None)
    return iter([0]) if kind is None else _alike(file, kind)


def _waves(file: SeekableBytes) -> Iterator[int]:
    first = 0
    while True:
        yield first
        first += 8 + int.from_bytes(read_at(file, first + 4, 4), "little")
        following = read_at(file, first, 12)
        if following[:4] != b"RIFF" or following[8:] != b"WAVE":
            break
    if _OTHER_FILE.match(following):
        yield first


def _movies(file: SeekableBytes) -> Iterator[int]:
    """Where a second file type box begins another film; fragments repeat theirs, and are one film."""
    yield 0
    found = [(kind, offset) for kind, offset, _, _ in boxes(file, 0, file.seek(0, io.SEEK_END))]
    kinds = [kind for kind, _ in found]
    if b"moof" in kinds or kinds.count(b"moov") != kinds.count(b"ftyp"):
        return
    yield from [offset for kind, offset in found if kind == b"ftyp"][1:]


def _matroska(file: SeekableBytes) -> Iterator[int]:
    size = file.seek(0, io.SEEK_END)
    return (offset for kind, offset, _, _ in elements(file, 0, size, enter=True) if kind == EBML)


def _ogg_links(file: SeekableBytes) -> Iterator[int]:
    """The links of a chain (RFC 3533, section 4): each begins with the first pages of all its streams."""
    end = -1
    for place in _places(file, _OGG_FIRST_PAGE):
        if place != end:
            yield place
        count = int.from_bytes(read_at(file, place + 26, 1), "big")
        end = place + 27 + count + sum(read_at(file, place + 27, count))


def _alike(file: SeekableBytes, kind: _Beginning) -> Iterator[int]:
    return (
        place
        for place in _places(file, kind.literal)
        if kind.whole.match(read_at(file, place, _BEGINNING_BYTES))
    )


def _places(file: SeekableBytes, literal: bytes) -> Iterator[int]:
    """Everywhere that these bytes are in a file."""
    place = 0
    while chunk := read_at(file, place, _SEARCHED_BYTES):
        found = -1
        while (found := chunk.find(literal, found + 1)) >= 0:
            yield place + found
        if len(chunk) < len(literal):
            return
        place += len(chunk) - len(literal) + 1
