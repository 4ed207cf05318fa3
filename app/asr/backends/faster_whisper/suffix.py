"""What stands in for the silence that encoder and decoder are not given.

Whisper was trained on 30 s, most of which is silence after a short sound, and what it makes of the sound
depends on it: silent places take the attention that nothing wants ("attention sinks", Xiao et al. 2023;
"registers", Darcet et al. 2023). A suffix has the effect of that silence in a small part of its length. It
was fitted to the frozen model, as soft prompts are (Lester et al. 2021), to make it answer as it does with
30 s; that needs no transcripts. `research.suffix` fits them; docs/research/measurements.md tells what they
bring.
"""

from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.asr.frames import (
    FRAMES_PER_STATE,
    FULL_STATES,
    HOP_SAMPLES,
    STATES_PER_SECOND,
    Features,
    States,
)
from app.audio.samples import SAMPLE_RATE

SILENCE_SAMPLES = SAMPLE_RATE
"""Silence between the sound and its suffix, which the decoder is shown: the sound ends there."""

MIDDLE_SAMPLES = 8 * SAMPLE_RATE
"""The sound that a suffix's features are for as they are; for longer and shorter ones they change."""

CLASS_STATES = 5 * STATES_PER_SECOND
"""There are suffixes of states for multiples of this."""

FOLDER = Path(__file__).with_name("suffixes")

FITTED = {"sha256:d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9": "base.npz"}
"""Suffixes by the sum of the weights (`model.bin`) that they were fitted to."""


@dataclass(frozen=True, slots=True, eq=False)
class Suffix:
    """`features` follow the sound and a second of silence into the encoder, and count from the level of
    silence: shape (2, mels, frames), those after a sound of MIDDLE_SAMPLES, and the change for each
    MIDDLE_SAMPLES more.

    `states` end what the decoder is shown: shape (classes, states, model dimension), one set for each
    multiple of CLASS_STATES, as the more states are shown the less silence is missing.

    It is a `Padding`; its name has the sum of the file that it was read from.
    """

    features: NDArray[np.float32]
    states: States
    name: str = "suffix"

    @staticmethod
    def first_state(samples: int) -> int:
        """The first of the encoder's states that belongs to the suffix of so long a sound."""
        return ceil((samples + SILENCE_SAMPLES) / (HOP_SAMPLES * FRAMES_PER_STATE))

    def put(self, features: Features, samples: int) -> Features:
        """The features of a sound of so many samples and silence after it, with the suffix in the silence."""
        first = self.first_state(samples) * FRAMES_PER_STATE
        middle, change = self.features[:, :, : max(0, features.shape[1] - first)]
        fits = middle + change * (samples / MIDDLE_SAMPLES - 1)
        found = features.copy()
        found[:, first : first + fits.shape[1]] = fits + features[:, -1:]
        return found

    def own(self, states: States, samples: int) -> States:
        """Those of the encoder's states that come before the suffix."""
        return states[: self.first_state(samples)]

    def end(self, silence: States) -> States:
        """Silent states that the decoder is to be shown, the last of them replaced; shape (1, states, …)."""
        shown = silence.shape[1]
        number, rest = divmod(shown, CLASS_STATES)
        if rest or shown == FULL_STATES:
            return silence
        ending = self.states[number]
        return np.concatenate([silence[:, : shown - len(ending)], ending[None]], axis=1)


def suffix_of(digest: str) -> Suffix | None:
    """The suffix that was fitted to the weights of that sum, if one was."""
    name = FITTED.get(digest)
    if name is None:
        return None
    content = (FOLDER / name).read_bytes()
    with np.load(BytesIO(content)) as arrays:
        return Suffix(
            features=arrays["features"].astype(np.float32),
            states=arrays["states"].astype(np.float32),
            name=f"suffix sha256:{sha256(content).hexdigest()[:16]}",
        )
