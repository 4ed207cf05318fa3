"""The one form in which sound is handed on: 16 kHz mono floating point."""

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 16_000
"""Samples per second of everything that enters an engine; Whisper's own rate."""

Samples = NDArray[np.float32]
"""Mono samples in [-1, 1], shape (n,)."""
