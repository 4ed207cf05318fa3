"""Recordings in the formats that people have, made from one in FLAC with PyAV."""

from dataclasses import dataclass, field
from pathlib import Path

import av
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream


@dataclass(frozen=True, slots=True)
class Target:
    """A format: FFmpeg's names of the container and the codec, the sampling rate in Hz, options."""

    container: str
    codec: str
    rate: int = 16_000
    layout: str = "mono"
    sample_format: str = "s16"
    options: dict[str, str] = field(default_factory=dict)
    bit_rate: int | None = None


def transcode(source: Path, path: Path, target: Target) -> Path:
    """Write the recording `source` to `path` in another format."""
    with (
        av.open(source) as given,
        av.open(path, "w", format=target.container, container_options=target.options) as written,
    ):
        stream = written.add_stream(target.codec, rate=target.rate)
        assert isinstance(stream, AudioStream)
        stream.layout = target.layout
        stream.format = target.sample_format
        if target.bit_rate is not None:
            stream.bit_rate = target.bit_rate
        resampler = AudioResampler(target.sample_format, target.layout, target.rate)
        for frame in (*given.decode(audio=0), None):
            for resampled in resampler.resample(frame):
                written.mux(stream.encode(resampled))
        written.mux(stream.encode(None))
    return path
