"""What a file is, told from its first decodable frame; the API asks this of each upload."""

from dataclasses import dataclass
from pathlib import Path

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from app.audio.container import audio_stream, declared_seconds, open_container
from app.core.errors import NoAudio

MAX_BROKEN_PACKETS = 2000
"""Packets (about 40 s of AAC) that may fail to decode before the search for a sound is given up."""


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """A recording's properties; `duration` in seconds, None where the container does not tell."""

    duration: float | None
    codec: str
    channels: int
    sample_rate: int


def probe(path: Path, extension: str | None = None) -> AudioInfo:
    """Open `path` and decode up to its first samples. Raises UnreadableAudio or NoAudio.

    `extension` is that of the recording's own name, where `path` has another.
    """
    with open_container(path, extension) as container:
        stream = audio_stream(container)
        frame = _first_frame(container, stream)
        return AudioInfo(
            duration=declared_seconds(container, stream),
            codec=stream.codec_context.codec.canonical_name,
            channels=frame.layout.nb_channels,
            sample_rate=frame.sample_rate,
        )


def _first_frame(container: InputContainer, stream: AudioStream) -> AudioFrame:
    broken = 0
    try:
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.FFmpegError:
                broken += 1
                if broken > MAX_BROKEN_PACKETS:
                    break
                continue
            for frame in frames:
                if isinstance(frame, AudioFrame) and frame.samples > 0:
                    return frame
    except av.FFmpegError as error:
        raise NoAudio("The file breaks off before its first sound.") from error
    raise NoAudio("The file holds no sound: not one sample of it can be decoded.")
