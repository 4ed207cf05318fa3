"""Files that were joined as they are (`cat a.wav b.wav`), in formats whose readers see the first part only.

Streams of frames, such as MP3, FLAC or MPEG, and chains of Ogg are read on by FFmpeg; a WAV, MP4 or Matroska
file ends for it where its header says.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from app.audio.embedded import EBML, boxes, elements, read_at

MOST_PARTS = 10_000
"""Parts of one file that are looked for."""

_RIFF = frozenset({b"RIFF", b"RF64"})


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes [first, last) of a file that are a recording; `last` is None at its end."""

    first: int = 0
    last: int | None = None


def parts_of(path: Path) -> tuple[Part, ...]:
    """The recordings that a file was joined from; usually one. Raises OSError."""
    with io.FileIO(path) as file:
        start = read_at(file, 0, 12)
        if start[:4] in _RIFF and start[8:] == b"WAVE":
            begins = list(_waves(file))
        elif start[4:8] == b"ftyp":
            begins = list(_movies(file))
        elif start[:4] == EBML.to_bytes(4, "big"):
            begins = list(_matroska(file))
        else:
            begins = [0]
    ends = [*begins[1:], None]
    return tuple(Part(first, last) for first, last in zip(begins, ends, strict=True))


def _waves(file: io.FileIO) -> Iterator[int]:
    first = 0
    for _ in range(MOST_PARTS):
        yield first
        first += 8 + int.from_bytes(read_at(file, first + 4, 4), "little")
        following = read_at(file, first, 12)
        if following[:4] != b"RIFF" or following[8:] != b"WAVE":
            return


def _movies(file: io.FileIO) -> Iterator[int]:
    """Where a second file type box begins another film; fragments repeat theirs, and are one film."""
    yield 0
    found = [(kind, offset) for kind, offset, _, _ in boxes(file, 0, file.seek(0, io.SEEK_END))]
    kinds = [kind for kind, _ in found]
    if b"moof" in kinds or kinds.count(b"moov") != kinds.count(b"ftyp"):
        return
    yield from [offset for kind, offset in found if kind == b"ftyp"][1:MOST_PARTS]


def _matroska(file: io.FileIO) -> Iterator[int]:
    size = file.seek(0, io.SEEK_END)
    found = (offset for kind, offset, _, _ in elements(file, 0, size, enter=True) if kind == EBML)
    yield from islice(found, MOST_PARTS)
