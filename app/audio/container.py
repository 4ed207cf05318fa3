"""Opening what a stranger uploaded, with nothing but its own bytes in reach."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import SEEK_SET, FileIO
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from app.audio.embedded import Disguise, disguise
from app.core.errors import UnreadableAudio

# A playlist (HLS, concat, DASH) names other files and addresses, which FFmpeg would read on its behalf: no
# protocol is allowed, and the bytes come from a Python file instead.
_NO_PROTOCOL = {"protocol_whitelist": "none"}
_UNREADABLE = "The file is no audio or video that can be opened; it may be damaged or of another kind."

SCANNED_BYTES = 256 * 1024 * 1024
"""Part of an MPEG stream in which all of its tracks are looked for: they may begin anywhere."""

# Without `nobuffer` FFmpeg would keep in memory all that it has scanned.
_SCAN = {"probesize": str(SCANNED_BYTES), "analyzeduration": str(10**12), "fflags": "nobuffer"}
_STREAMED = frozenset({"mpegts", "mpeg"})
"""Formats without a list of their tracks."""


class _Bytes(FileIO):
    """A file without its large embedded data.

    It answers an impossible seek as FFmpeg's own files do; demuxers try them on short files.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._disguise = Disguise()
        self._disguise = disguise(self)
        super().seek(self._disguise.first)

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        first = self._disguise.first
        try:
            return super().seek(offset + first if whence == SEEK_SET else offset, whence) - first
        except OSError:
            return -1

    def tell(self) -> int:
        return super().tell() - self._disguise.first

    def read(self, size: int | None = -1, /) -> bytes:
        if not self._disguise.patches:
            return super().read(size) or b""
        start = super().tell()
        content = bytearray(super().read(size) or b"")
        for patch in self._disguise.patches:
            for place, byte in enumerate(patch.content, patch.offset - start):
                if 0 <= place < len(content):
                    content[place] = byte
        return bytes(content)


@contextmanager
def open_container(path: Path) -> Iterator[InputContainer]:
    """Open a recording. Raises UnreadableAudio, or OSError where the file itself cannot be opened."""
    with _Bytes(path) as file:
        container = _open(file, _NO_PROTOCOL)
        if container.format.name in _STREAMED:
            container = _scanned(file, container)
        with container:
            yield container


def _scanned(file: FileIO, container: InputContainer) -> InputContainer:
    """An MPEG stream with all of its tracks, at its start again."""
    container.close()
    file.seek(0)
    container = _open(file, _NO_PROTOCOL | _SCAN)
    try:
        container.seek((container.start_time or 0) - av.time_base)
    except av.FFmpegError:  # cannot be rewound: what was found first has to do
        container.close()
        file.seek(0)
        container = _open(file, _NO_PROTOCOL)
    return container


def packets(container: InputContainer, streams: Sequence[Stream]) -> "Iterator[Packet[Stream]]":
    """The packets of some streams, and an empty one for each at the end. Raises av.FFmpegError."""
    try:
        yield from container.demux(*streams)
    except IndexError:
        # PyAV (18.1) has no stream object for a track that FFmpeg meets on the way, and misses it at the end.
        return


def _open(file: FileIO, options: dict[str, str]) -> InputContainer:
    try:
        return av.open(file, mode="r", options=options, metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableAudio(_UNREADABLE) from error
