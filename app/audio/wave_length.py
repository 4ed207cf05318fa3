"""WAV files that state a shorter length than they have.

A program that is killed leaves the length that it wrote last, and one that writes more than 4 GiB states the
remainder of a division by that. FFmpeg would end there.
"""

import io
from collections.abc import Iterator

from app.audio.embedded import Patch, read_at
from app.core.recording_path import SeekableBytes

LEAST_SECONDS = 0.1
"""Sound behind the stated end from which the length is taken for wrong; less may be padding."""

_MOST_CHUNKS = 1000
_FORMAT_RATE = 8
"""Where in the format chunk the bytes a second are."""


def true_length(file: SeekableBytes) -> tuple[Patch, ...]:
    """What has FFmpeg read the samples up to the end of the file, where no other chunk follows them."""
    size = file.seek(0, io.SEEK_END)
    start = read_at(file, 0, 12)
    if start[:4] != b"RIFF" or start[8:] != b"WAVE":
        return ()
    bytes_per_second = 0
    for kind, place, length in _chunks(file, 12):
        if kind == b"fmt ":
            bytes_per_second = int.from_bytes(read_at(file, place + 8 + _FORMAT_RATE, 4), "little")
        if kind == b"data":
            end = place + 8 + length
            is_wrong = size - end > LEAST_SECONDS * bytes_per_second > 0 and not _is_chunk(file, end, size)
            return (Patch(place + 4, bytes(4)),) if is_wrong and length else ()
    return ()


def _chunks(file: SeekableBytes, place: int) -> Iterator[tuple[bytes, int, int]]:
    """Chunks that follow each other: kind, offset, bytes of the content."""
    for _ in range(_MOST_CHUNKS):
        header = read_at(file, place, 8)
        if len(header) < 8:
            return
        length = int.from_bytes(header[4:], "little")
        yield header[:4], place, length
        place += 8 + length + length % 2


def _is_chunk(file: SeekableBytes, place: int, size: int) -> bool:
    """Whether a chunk begins there, behind a byte of padding or none."""
    headers = (next(_chunks(file, begin), (b"", 0, 0)) for begin in (place, place + place % 2))
    return any(
        kind.isascii() and kind.decode().isprintable() and begin + 8 + length <= size + 1
        for kind, begin, length in headers
        if kind
    )
