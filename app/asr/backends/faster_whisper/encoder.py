"""Sound to the encoder's states, with no more silence around it than the decoder needs.

Whisper was trained on 30 s of sound, silence included, and most of the work on a short window is the silence.
The encoder may be given less, but the decoder loops where it finds no silence after the last word. So the
encoder is given the sound and a little silence, and the decoder is shown silent states after those, which are
the same for every window and were computed once. A `Padding` may change what both are given in the place of
silence: weights may have a suffix (`suffix.py`). docs/research/measurements.md has the measurements.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from app.asr.backends.faster_whisper.padding import SILENCE, Padding
from app.asr.backends.faster_whisper.state_encoders import CTranslate2Encoder, StateEncoder
from app.asr.backends.faster_whisper.states import HostStates
from app.asr.backends.faster_whisper.tuning import Tuning
from app.asr.base import WindowRequest
from app.asr.frames import (
    FULL_FRAMES,
    FULL_SECONDS,
    FULL_STATES,
    HOP_SAMPLES,
    STATES_PER_SECOND,
    Features,
    SoundFeatures,
    States,
)
from app.asr.stages import PipelineStage, StageClock
from app.audio.samples import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    from faster_whisper import WhisperModel
    from faster_whisper.feature_extractor import FeatureExtractor

TOGETHER_SECONDS = 30.0
"""Sound that a CPU encodes at once: more is no faster, and attention needs memory by its square."""

EDGE_FRAMES = 4
"""Frames behind the sound that still hold some of it: one is 2.5 steps long."""

DYNAMIC_RANGE, SILENT_FEATURE = 2.0, -1.5
"""Whisper's features are at most 80 dB below the loudest one, and never below -100 dB."""


class Encoder:
    """Encodes windows; thread-safe as CTranslate2 is."""

    def __init__(
        self,
        runtime: "WhisperModel",
        tuning: Tuning,
        padding: Padding = SILENCE,
        stages: StageClock | None = None,
        encode: StateEncoder | None = None,
    ) -> None:
        self._runtime = runtime
        self._stages = stages or StageClock()
        self._tuning = tuning
        self._padding = padding
        self._encode = encode or CTranslate2Encoder(runtime.model, HostStates())
        self._store = self._encode.store
        self._silence = self._silent_states() if tuning.trims else None

    def states_for(self, seconds: float) -> int:
        """How many states the decoder is shown of so long a sound: windows of one number go together."""
        return FULL_STATES if self._silence is None else shown_states(seconds, self._tuning)

    def features(self, request: WindowRequest) -> SoundFeatures:
        """Those that were computed ahead, or else now."""
        known = request.features
        if known is not None and len(known.values) == self._runtime.model.n_mels:
            return known
        with self._stages.at(PipelineStage.FEATURES):
            return sound_features(self._runtime.feature_extractor, request.window.samples)

    def encode(self, requests: Sequence[WindowRequest], states: int) -> States:
        """Encode windows for a decoder that is shown `states` states of each."""
        if self._silence is None:
            return self.encode_fully(requests)
        sounds = [self.features(request) for request in requests]
        silence = self._padding.end(self._silence[:, :states])
        shown = self._store.repeated(self._store.from_host(silence), len(sounds))
        for place, own in self._own_states(sounds):
            shown[place, : len(own)] = own
        return shown

    def encode_fully(self, requests: Sequence[WindowRequest]) -> States:
        """Encode windows with all the silence that Whisper was trained with."""
        return self._encode_together([self.features(request) for request in requests], FULL_SECONDS)

    def _silent_states(self) -> States:
        noise = sound_features(self._runtime.feature_extractor, reference_noise())
        return self._store.to_host(self._encode_together([noise], FULL_SECONDS))

    def _own_states(self, sounds: Sequence[SoundFeatures]) -> Iterator[tuple[int, States]]:
        """Place of each sound, and its states and those of the silence after it."""
        for seconds, places in self._by_length(sounds).items():
            padding = SILENCE if seconds == FULL_SECONDS else self._padding
            most = max(1, int(TOGETHER_SECONDS // seconds))
            for first in range(0, len(places), most):
                some = places[first : first + most]
                encoded = self._encode_together([sounds[place] for place in some], seconds, padding)
                for place, states in zip(some, encoded, strict=True):
                    yield place, padding.own(states, sounds[place].samples)

    def _encode_together(
        self, sounds: Sequence[SoundFeatures], seconds: float, padding: Padding = SILENCE
    ) -> States:
        features = np.stack([padding.put(silent_after(sound, seconds), sound.samples) for sound in sounds])
        return self._encode(features)

    def _by_length(self, sounds: Sequence[SoundFeatures]) -> dict[float, list[int]]:
        """Places of the sounds that the encoder takes at the same length, by that length in seconds."""
        groups: dict[float, list[int]] = defaultdict(list)
        for place, sound in enumerate(sounds):
            groups[encoded_seconds(sound.samples / SAMPLE_RATE, self._tuning)].append(place)
        return groups


def encoded_seconds(seconds: float, tuning: Tuning) -> float:
    """The length at which so long a sound is encoded."""
    return min(FULL_SECONDS, _rounded_up(seconds + tuning.margin_seconds, tuning.step_seconds))


def shown_states(seconds: float, tuning: Tuning) -> int:
    """How many states of so long a sound the decoder is shown where less than all are."""
    shown = _rounded_up(seconds + tuning.margin_seconds, tuning.class_seconds)
    return min(FULL_STATES, round(shown * STATES_PER_SECOND))


def sound_features(extractor: "FeatureExtractor", sound: Samples) -> SoundFeatures:
    """Log-mel features of a sound alone, of at most 30 s."""
    frames = min(FULL_FRAMES, len(sound) // HOP_SAMPLES + EDGE_FRAMES)
    padded = np.pad(sound, (0, max(0, frames * HOP_SAMPLES - len(sound))))
    return SoundFeatures(len(sound), extractor(padded)[:, :frames])


def silent_after(sound: SoundFeatures, seconds: float) -> Features:
    """Log-mel features, shape (mels, 100 * seconds); what is missing is silence, as in training.

    It is filled in as the least value that Whisper's features have, which is the same within 3e-7.
    """
    frames = round(seconds * SAMPLE_RATE) // HOP_SAMPLES
    known = sound.values[:, :frames]
    features = np.full((len(known), frames), max(known.max() - DYNAMIC_RANGE, SILENT_FEATURE), np.float32)
    features[:, : known.shape[1]] = known
    return features


def _rounded_up(seconds: float, step: float) -> float:
    return ceil(seconds / step) * step


def reference_noise() -> Samples:
    """A second of soft noise: silence is silent against something that was heard before."""
    noise = np.random.default_rng(0).standard_normal(SAMPLE_RATE).astype(np.float32)
    return 0.05 * noise
