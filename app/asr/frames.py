"""How Whisper counts time: samples, frames of features, states of the encoder."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HOP_SAMPLES = 160
"""Samples per frame of features."""

FRAMES_PER_STATE = 2
STATES_PER_SECOND = 50
FULL_SECONDS = 30
"""Whisper's own context."""

FULL_STATES = FULL_SECONDS * STATES_PER_SECOND
FULL_FRAMES = FULL_STATES * FRAMES_PER_STATE

Features = NDArray[np.float32]
"""Log-mel features, shape (mels, frames)."""

States = NDArray[np.float32]
"""Encoder states of some windows, shape (windows, states, model dimension)."""


@dataclass(frozen=True, slots=True, eq=False)
class SoundFeatures:
    """The `values` of a sound of so many `samples` and of its edge, without the silence after it."""

    samples: int
    values: Features
