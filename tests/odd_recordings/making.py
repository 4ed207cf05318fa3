"""Sounds and files that nobody would make on purpose, beside those of `tests.support.recordings`."""

import shutil
import wave
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from app.audio.decode import read_samples
from tests.support.recordings import ASSETS, RATE, Part, Planes, joined, sentence, wav, write
from tests.support.transcoding import Target, transcode

Sound = NDArray[np.float32]
Make = Callable[[Path], object]


@cache
def german() -> Sound:
    """7.4 s of German speech at RATE."""
    return read_samples(ASSETS / "speech_de.ogg")[0]


def mono(sound: Sound) -> Planes:
    """One channel."""
    return sound[np.newaxis]


def at_rate(planes: Planes, rate: int) -> Planes:
    """Channels at another sample rate."""
    return np.stack([_resampled(row, AudioResampler("flt", "mono", rate)) for row in planes])


def _resampled(row: Sound, resampler: AudioResampler) -> Sound:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(row[np.newaxis]), "flt", "mono")
    frame.sample_rate = RATE
    frames = [*resampler.resample(frame), *resampler.resample(None)]
    return np.concatenate([each.to_ndarray()[0] for each in frames])


def at_peak(sound: Sound, decibels: float) -> Sound:
    """A sound whose loudest sample is so many dB above full scale; softer sounds have negative numbers."""
    return np.asarray(sound * (10 ** (decibels / 20) / np.abs(sound).max()), np.float32)


def noise(seconds: float, decibels: float) -> Sound:
    """White noise of that root mean square."""
    chance = np.random.default_rng(0)
    return np.asarray(chance.normal(0, 10 ** (decibels / 20), round(seconds * RATE)), np.float32)


def tone(seconds: float, hertz: float, amplitude: float) -> Sound:
    """A sine."""
    times = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(amplitude * np.sin(2 * np.pi * hertz * times), np.float32)


def hum(count: int, speaking: int, decibels: float) -> Planes:
    """The mains' hum in all of `count` channels but one, in which somebody speaks that loud."""
    planes = np.stack([tone(len(sentence()) / RATE, 50, 0.05)] * count)
    planes[speaking] = at_peak(sentence(), decibels)[: planes.shape[1]]
    return planes


def late(seconds: float) -> Sound:
    """A click, a pause, and the sentence."""
    click = np.zeros(round(seconds * RATE), np.float32)
    click[100:120] = 0.9
    return np.concatenate([click, sentence()])


def broken() -> Sound:
    """The sentence with samples that are no numbers."""
    sound = sentence().copy()
    sound[1000::5000], sound[2500::20_000] = np.nan, np.inf
    return sound


def copied(name: str) -> Make:
    """A recording of the test assets."""
    return lambda path: shutil.copyfile(ASSETS / name, path)


def as_format(target: Target) -> Make:
    """The sentence in another format."""
    return lambda path: transcode(ASSETS / "speech_en.flac", path, target)


def as_wav(planes: Callable[[], Planes], rate: int = RATE, dtype: type = np.int16) -> Make:
    """A WAV file."""
    return lambda path: wav(path, planes(), rate, dtype)


def as_tracks(*parts: Callable[[], Part], picture_seconds: float = 0.0) -> Make:
    """A file with those tracks."""
    return lambda path: write(path, *(part() for part in parts), picture_seconds=picture_seconds)


def opus(planes: Callable[[], Planes]) -> Make:
    """Ogg with Opus."""
    return lambda path: write(
        path, Part(at_rate(planes(), 48_000), codec="libopus", rate=48_000), format="ogg"
    )


def bytewise(path: Path) -> None:
    """A WAV file of unsigned bytes at a rate that only old sound cards had."""
    sound = at_rate(mono(sentence()), 11_025)[0]
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 1, 11_025, 0, "NONE", ""))
        file.writeframes(np.clip(sound * 127 + 128, 0, 255).astype(np.uint8).tobytes())


def stating(make: Make, marks: Sequence[bytes], length: bytes, behind: int = 4) -> Make:
    """A file in which a length follows each of these marks, which is then that one."""

    def made(path: Path) -> None:
        make(path)
        content = bytearray(path.read_bytes())
        for mark in marks:
            place = content.index(mark) + behind
            content[place : place + len(length)] = length
        path.write_bytes(content)

    return made


def one_behind_the_other(*makes: Make) -> Make:
    """Files joined as `cat` does it."""

    def made(path: Path) -> None:
        parts = [path.with_name(f"{path.name}.part{number}") for number in range(len(makes))]
        for make, part in zip(makes, parts, strict=True):
            make(part)
        joined(path, *parts)

    return made
