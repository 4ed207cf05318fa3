"""Sounds, and what Whisper makes of them in its full context."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from torch import Tensor

from app.asr.backends.faster_whisper.encoder import (
    encoded_seconds,
    reference_noise,
    shown_states,
    silent_after,
    sound_features,
)
from app.asr.backends.faster_whisper.suffix import Suffix
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.frames import FULL_SECONDS, STATES_PER_SECOND
from app.audio.decode import stream_samples
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.windows import cut_windows
from benchmark.engine.sound import heard_again
from research.suffix.whisper_model import FrozenWhisper

LENGTHS = ((1.0, 4.0, 0.45), (4.0, 8.0, 0.35), (8.0, 20.0, 0.2))
"""Seconds from and to, and the share of examples between: most voice messages are short, and so is their
context."""

DECIBELS = (-10.0, 5.0)
NOISE_DECIBELS = ((-50.0, -20.0), (-120.0, -120.0))
"""Below the speech, one or the other: the second is none."""


@dataclass(frozen=True, slots=True)
class Example:
    """A sound of so many `samples`, or `sound_states`.

    `features`, shape (mels, frames), are what the encoder is given without a suffix. `target`, shape (states,
    model dimension), is what it should make of the sound and of the silence after it. `tokens` is what the
    decoder writes then, `held` what it holds of them, and `shown` how many states it is to need for that.
    """

    samples: int
    sound_states: int
    features: Tensor
    target: Tensor
    tokens: list[int]
    held: Tensor
    shown: int


class Examples:
    """Makes examples for a model; `silence` are the states of 30 s without a sound."""

    def __init__(self, model: FrozenWhisper) -> None:
        self._model = model
        self._extractor = FeatureExtractor(feature_size=model.mels)
        self.silence = self._full(reference_noise())

    def of(self, sound: Samples) -> Example:
        """What the model is given of a sound, and what it should make of it."""
        seconds = len(sound) / SAMPLE_RATE
        states = self._full(sound)
        target = states[: Suffix.first_state(len(sound))]
        with torch.no_grad():
            tokens = self._model.written(states)
            held = self._model.decode(tokens, torch.cat([target, self.silence[len(target) :]]))
        return Example(
            samples=len(sound),
            sound_states=round(seconds * STATES_PER_SECOND),
            features=self._features(sound, encoded_seconds(seconds, Tuning())),
            target=target,
            tokens=tokens,
            held=held,
            shown=shown_states(seconds, Tuning()),
        )

    def _full(self, sound: Samples) -> Tensor:
        with torch.no_grad():
            return self._model.encode(self._features(sound, FULL_SECONDS))

    def _features(self, sound: Samples, seconds: float) -> Tensor:
        return torch.from_numpy(silent_after(sound_features(self._extractor, sound), seconds))


def windows_of(recordings: Sequence[Path]) -> list[Samples]:
    """What the engine would be given of the recordings."""
    return [window.samples for path in recordings for window in cut_windows(stream_samples(path))]


def pieces(windows: Sequence[Samples], count: int, random: np.random.Generator) -> Iterator[Samples]:
    """Parts of windows of all lengths, some of them louder, noisier or later than they were."""
    for _ in range(count):
        least, most, _ = LENGTHS[random.choice(len(LENGTHS), p=[share for *_, share in LENGTHS])]
        samples = round(random.uniform(least, most) * SAMPLE_RATE)
        joined = _joined(windows, samples, random)
        start = random.integers(len(joined) - samples + 1)
        part = joined[start : start + samples] * 10 ** (random.uniform(*DECIBELS) / 20)
        yield heard_again(part, random, NOISE_DECIBELS[random.integers(2)])


def _joined(windows: Sequence[Samples], samples: int, random: np.random.Generator) -> Samples:
    """As many windows as so many samples need, the long ones oftener than the short ones."""
    lengths = np.array([len(window) for window in windows], float)
    parts: list[Samples] = []
    while sum(map(len, parts)) < samples:
        parts.append(windows[random.choice(len(windows), p=lengths / lengths.sum())])
    return np.concatenate(parts)
