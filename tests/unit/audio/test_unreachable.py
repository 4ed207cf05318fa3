"""A store that stops to answer is never taken for the end of a recording, nor for damage."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from app.audio.decode import stream_samples
from app.audio.probe import probe
from app.core.errors import RecordingUnreachable

RECORDINGS = (
    *("speech_en.mp3", "speech_de.ogg", "speech_en.flac", "speech_en.webm", "speech_en_stereo.m4a"),
    *("speech_en_mulaw_8k.wav", "speech_en.spx", "video_with_sound.mp4"),
)


class Failing(io.FileIO):
    """A file of whose bytes only the first can be had."""

    def __init__(self, path: Path, readable: int) -> None:
        super().__init__(path)
        self._readable = readable

    def read(self, size: int | None = -1, /) -> bytes:
        """See FileIO."""
        end = super().seek(0, io.SEEK_CUR) + (size if size is not None and size >= 0 else 10**9)
        if end > self._readable:
            raise RecordingUnreachable("The store does not answer.")
        return super().read(size) or b""


@dataclass(frozen=True)
class Part:
    """See RecordingPath."""

    path: Path
    readable: int

    @property
    def name(self) -> str:
        """Of the whole file."""
        return self.path.name

    @property
    def suffix(self) -> str:
        """Of the whole file."""
        return self.path.suffix

    def open(self, mode: Literal["rb"], buffering: Literal[0]) -> io.RawIOBase:
        """The bytes."""
        return Failing(self.path, self.readable)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("name", RECORDINGS)
def test_it_is_told_wherever_it_stops(assets: Path, name: str, share: float) -> None:
    path = assets / name
    part = Part(path, int(path.stat().st_size * share))
    with pytest.raises(RecordingUnreachable):
        list(stream_samples(part))


@pytest.mark.parametrize("name", RECORDINGS)
def test_the_probe_tells_it_too(assets: Path, name: str) -> None:
    with pytest.raises(RecordingUnreachable):
        probe(Part(assets / name, 100))
