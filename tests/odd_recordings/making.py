"""Sounds and files that nobody would make on purpose, beside those of `tests.recordings`."""

import wave
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from app.audio.decode import read_samples
from tests.recordings import ASSETS, RATE, Planes, sentence

Sound = NDArray[np.float32]

PACKET_SAMPLES = 1024


@cache
def german() -> Sound:
    """7.4 s of German speech at RATE."""
    return read_samples(ASSETS / "speech_de.ogg")[0]


def at_rate(planes: Planes, rate: int) -> Planes:
    """Channels at another sample rate."""
    resamplers = [AudioResampler("flt", "mono", rate) for _ in planes]
    return np.stack([_resampled(row, each) for row, each in zip(planes, resamplers, strict=True)])


def _resampled(row: Sound, resampler: AudioResampler) -> Sound:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(row[np.newaxis]), "flt", "mono")
    frame.sample_rate = RATE
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray()[0] for each in frames])


def at_peak(sound: Sound, decibels: float) -> Sound:
    """A sound whose loudest sample is so many dB above full scale; softer sounds have negative numbers."""
    return np.asarray(sound * (10 ** (decibels / 20) / np.abs(sound).max()), np.float32)


def noise(seconds: float, decibels: float, seed: int = 0) -> Sound:
    """White noise of that root mean square."""
    chance = np.random.default_rng(seed)
    return np.asarray(chance.normal(0, 10 ** (decibels / 20), round(seconds * RATE)), np.float32)


def tone(seconds: float, hertz: float, amplitude: float) -> Sound:
    """A sine."""
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * np.arange(seconds * RATE) / RATE), np.float32)


def mixed(*sounds: Sound) -> Sound:
    """The sum, as long as the shortest."""
    length = min(map(len, sounds))
    return np.sum([sound[:length] for sound in sounds], axis=0, dtype=np.float32)


def eight_bit(path: Path, sound: Sound, rate: int) -> Path:
    """A WAV file of unsigned bytes."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, rate, 0, "NONE", ""))
        file.writeframes(np.clip(sound * 127 + 128, 0, 255).astype(np.uint8).tobytes())
    return path


def patched(path: Path, source: Path, *patches: tuple[int, bytes]) -> Path:
    """A copy with other bytes at some offsets."""
    content = bytearray(source.read_bytes())
    for offset, replacement in patches:
        content[offset : offset + len(replacement)] = replacement
    path.write_bytes(content)
    return path


def without_lengths(path: Path, source: Path, marks: Iterable[bytes], length: bytes) -> Path:
    """A copy whose chunks of these names say that they are of another length."""
    content = source.read_bytes()
    return patched(path, source, *((content.index(mark) + 4, length) for mark in marks))


def spoken_late(seconds: float) -> Sound:
    """The sentence after a pause."""
    return np.concatenate([np.zeros(round(seconds * RATE), np.float32), sentence()])
