"""Opening what a stranger uploaded, with nothing but its own bytes in reach."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_SET, FileIO
from pathlib import Path
from types import MappingProxyType

import av
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.core.errors import NoAudio, UnreadableAudio

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


class _Bytes(FileIO):
    """A file that answers an impossible seek as FFmpeg's own files do; demuxers try them on short files.

    `name` is what FFmpeg sees: the extension of a raw stream, and of all others nothing, so that a name that
    lies misleads nobody. What content tells surely outweighs it.
    """

    def __init__(self, path: Path, extension: str) -> None:
        super().__init__(path)
        hint = _RAW_STREAMS.get(extension)
        self.name = f"stream.{hint}" if hint else ""
        self.options = _NO_PROTOCOL | (_TELEPHONE_RATE if hint in ("al", "ul") else {})

    def seek(self, offset: int, whence: int = SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except OSError:
            return -1


@contextmanager
def open_container(path: Path, extension: str | None = None) -> Iterator[InputContainer]:
    """Open a recording. Raises UnreadableAudio, or OSError where the file itself cannot be opened.

    Its content tells what it is; `extension` (that of `path` unless given) is needed for raw streams only.
    """
    with _Bytes(path, extension or path.suffix.lower().removeprefix(".")) as file:
        try:
            container = av.open(file, mode="r", options=file.options, metadata_errors="ignore")
        except (av.FFmpegError, ValueError) as error:
            raise UnreadableAudio(_UNREADABLE) from error
        with container:
            yield container


def audio_stream(container: InputContainer) -> AudioStream:
    """The stream that a player would play. Raises NoAudio."""
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise NoAudio("The file has no sound: it holds no audio stream.")
    if stream.codec_context is None:
        raise NoAudio("The sound of the file is in a format that cannot be decoded; convert it, e.g. to MP3.")
    return stream


def declared_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """Length that the container states or FFmpeg estimates from its bit rate."""
    if stream.duration is not None and stream.time_base is not None and stream.duration > 0:
        return float(stream.duration * stream.time_base)
    if container.duration is not None and container.duration > 0:
        return container.duration / av.time_base
    return None
