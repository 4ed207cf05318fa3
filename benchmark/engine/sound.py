"""Recordings made of recordings: joined to long ones, and heard again under slightly other conditions."""

import wave
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from app.audio.decode import read_samples, stream_samples
from app.audio.samples import SAMPLE_RATE, Samples
from benchmark.engine.corpus import Clip

LEAD_SECONDS = 0.5
NOISE_DECIBELS = (-45.0, -30.0)


def joined(clips: Sequence[Clip], seconds: float, path: Path) -> Path:
    """The clips one after another, again and again, as a WAV file of that length."""
    write_wav(path, _repeated(clips, round(seconds * SAMPLE_RATE)))
    return path


def variants(clips: Sequence[Clip], count: int, folder: Path) -> list[Clip]:
    """Each clip `count` times, begun up to half a second earlier and with white noise 30 to 45 dB below its
    speech: what any microphone might have done to the same words.

    A few words of a language say little about it, since one that is on the edge falls to either side. The
    same words many times say how often.
    """
    made = []
    for clip in clips:
        samples, _ = read_samples(clip.path)
        for number in range(count):
            path = folder / clip.language / f"{clip.path.stem}-{number}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            heard = heard_again(samples, np.random.default_rng(number), NOISE_DECIBELS)
            write_wav(path, [heard])
            made.append(Clip(path, clip.language, len(heard) / SAMPLE_RATE, clip.reference))
    return made


def heard_again(
    samples: Samples, random: np.random.Generator, noise_decibels: tuple[float, float]
) -> Samples:
    """The sound, begun up to half a second later, in white noise of a level between two against its own."""
    lead = random.integers(round(LEAD_SECONDS * SAMPLE_RATE))
    heard = np.concatenate([np.zeros(lead, np.float32), samples])
    level = np.sqrt(np.mean(samples**2)) * 10 ** (random.uniform(*noise_decibels) / 20)
    noise: Samples = level * random.standard_normal(len(heard), np.float32)
    return heard + noise


def write_wav(path: Path, chunks: Iterable[Samples]) -> None:
    """16-bit mono at the engine's rate."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        for chunk in chunks:
            file.writeframes((np.clip(chunk, -1, 1) * 32767).astype("<i2").tobytes())


def _repeated(clips: Sequence[Clip], missing: int) -> Iterable[Samples]:
    while missing > 0:
        for clip in clips:
            for chunk in stream_samples(clip.path):
                part = chunk[: max(0, missing)]
                yield part
                missing -= len(part)
