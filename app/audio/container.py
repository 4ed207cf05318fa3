"""Opening what a stranger uploaded, with nothing but its own bytes in reach."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import SEEK_END, SEEK_SET
from types import MappingProxyType
from typing import Self

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream

from app.audio.embedded import Patch, disguise, read_at
from app.audio.layouts import settle_layouts
from app.audio.parts import Part
from app.audio.wave_length import true_length
from app.core.errors import UnreadableAudio
from app.core.recording_path import RecordingPath

# A playlist (HLS, concat, DASH) names other files and addresses, which FFmpeg would read on its behalf: no
# protocol is allowed, and the bytes come from a Python file instead.
_NO_PROTOCOL = {"protocol_whitelist": "none"}

_RAW_STREAMS = MappingProxyType(
    {
        **{name: name for name in ("aptx", "aptxhd", "g722", "g723_1", "g728", "g729", "msbc", "sbc", "sln")},
        **{"722": "g722", "g723": "g723_1", "rco": "g723_1", "tco": "g723_1"},
        **{"al": "al", "alaw": "al", "ul": "ul", "ulaw": "ul"},
    }
)
"""Extensions of raw streams, which have no header to be told by, and what FFmpeg's demuxers are found by."""

_TELEPHONE_RATE = {"sample_rate": "8000"}
"""Of a raw µ-law or A-law stream, which does not tell its own: what telephone systems write."""

_UNREADABLE = "The file is no audio or video that can be opened; it may be damaged or of another kind."

_BIG_ENDIAN_WAVE = b"RIFX"
"""FFmpeg (8.1) takes its samples for little-endian ones, and gives noise."""

SCANNED_BYTES = 256 * 1024 * 1024
"""Part of an MPEG stream in which all of its tracks are looked for: they may begin anywhere."""

MOST_BARREN = 100
"""Errors in a row after which nothing more is looked for in a damaged file."""

# Without `nobuffer` FFmpeg would keep in memory all that it has scanned.
_SCAN = {"probesize": str(SCANNED_BYTES), "analyzeduration": str(10**12), "fflags": "nobuffer"}
_STREAMED = frozenset({"mpegts", "mpeg"})
"""Formats without a list of their tracks."""


class _Bytes:
    """A part of a file without its large embedded data, and with its true length.

    It answers an impossible seek as FFmpeg's own files do; demuxers try them on short files. `name` is what
    FFmpeg sees: the extension of a raw stream, and of all others nothing, so that a name that lies misleads
    nobody. What content tells surely outweighs it.

    What a read raises PyAV raises again: a store that does not answer is neither damage nor the end.
    """

    def __init__(self, path: RecordingPath, part: Part, extension: str) -> None:
        hint = _RAW_STREAMS.get(extension)
        self.name = f"stream.{hint}" if hint else ""
        self.options = _NO_PROTOCOL | (_TELEPHONE_RATE if hint in ("al", "ul") else {})
        self._patches: tuple[Patch, ...] = ()
        self._first = 0
        self._file = path.open("rb", 0)
        try:
            self._first, self._last = part.first, part.last or self._file.seek(0, SEEK_END)
            found = disguise(self)
            self._first += found.first
            self._patches = (*found.patches, *true_length(self))
        except BaseException:
            self._file.close()
            raise
        self.seek(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        base = {SEEK_SET: self._first, SEEK_END: self._last}
        try:
            if whence in base:
                return self._file.seek(base[whence] + offset) - self._first
            return self._file.seek(offset, whence) - self._first
        except OSError:
            return -1

    def tell(self) -> int:
        return self._file.tell() - self._first

    def read(self, size: int = -1, /) -> bytes:
        room = max(0, self._last - self._file.tell())
        size = room if size < 0 else min(size, room)
        if not self._patches:
            return self._file.read(size) or b""
        start = self.tell()
        content = bytearray(self._file.read(size) or b"")
        for patch in self._patches:
            for place, byte in enumerate(patch.content, patch.offset - start):
                if 0 <= place < len(content):
                    content[place] = byte
        return bytes(content)


_WHOLE = Part()


@contextmanager
def open_container(
    path: RecordingPath, part: Part = _WHOLE, extension: str | None = None
) -> Iterator[InputContainer]:
    """Open a recording. Raises UnreadableAudio, RecordingUnreachable, or OSError where the file itself cannot
    be opened.

    Its content tells what it is; `extension` (that of `path` unless given) is needed for raw streams only.
    """
    with _Bytes(path, part, extension or path.suffix.lower().removeprefix(".")) as file:
        if read_at(file, 0, 4) == _BIG_ENDIAN_WAVE:
            raise UnreadableAudio(
                "The file is a big-endian WAV file (RIFX), which cannot be decoded; convert it, e.g. to FLAC."
            )
        file.seek(0)
        container = _open(file)
        if container.format.name in _STREAMED:
            container = _scanned(file, container)
        with container:
            settle_layouts(container)
            yield container


def _scanned(file: _Bytes, container: InputContainer) -> InputContainer:
    """An MPEG stream with all of its tracks, at its start again."""
    container.close()
    file.seek(0)
    container = _open(file, _SCAN)
    try:
        container.seek((container.start_time or 0) - av.time_base)
    except av.FFmpegError:  # cannot be rewound: what was found first has to do
        container.close()
        file.seek(0)
        container = _open(file)
    return container


def packets(
    container: InputContainer, streams: Sequence[Stream], on_break: Callable[[], None]
) -> "Iterator[Packet[Stream]]":
    """The packets of some streams, and an empty one for each at the end.

    `on_break` hears each time that the file is damaged between packets; what can be read behind that follows.
    """
    barren = 0
    while barren < MOST_BARREN:
        try:
            for packet in container.demux(*streams):
                barren = 0
                yield packet
            return
        except IndexError:
            # PyAV (18.1) has no object for a track that FFmpeg meets on the way, and misses it at the end.
            return
        except av.FFmpegError:
            if not barren:
                on_break()
            barren += 1


def _open(file: _Bytes, options: Mapping[str, str] = MappingProxyType({})) -> InputContainer:
    try:
        return av.open(file, mode="r", options=file.options | dict(options), metadata_errors="ignore")
    except (av.FFmpegError, ValueError) as error:
        raise UnreadableAudio(_UNREADABLE) from error
