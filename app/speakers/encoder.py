"""A network that turns stretches of speech into vectors which point the same way for the same voice."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.speakers.features import Features
from app.weights.campplus import DIMENSIONS, FRAMES
from app.weights.digest import digest_of

BATCH = 3
"""Stretches that go through the network together: each takes 15 MB meanwhile, and more are hardly faster."""

LEAST_FRAMES = 10
"""Less than 0.1 s of sound tells nothing of a voice."""

Vector = NDArray[np.float32]
"""Of length 1, shape (DIMENSIONS,)."""

Vectors = NDArray[np.float32]
"""One of length 1 in each row, shape (n, DIMENSIONS); the product of two is how alike they are, at most 1."""


class VoiceEncoder:
    """CAM++, loaded. Any number of threads may use it."""

    def __init__(self, weights: Path, threads: int = 1) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        # An arena keeps the most that was ever needed; a pattern of it takes twice as much, and time.
        options.enable_cpu_mem_arena = options.enable_mem_pattern = False
        providers = ["CPUExecutionProvider"]
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=providers)
        self._one_at_a_time = threading.Lock()
        self.digest = digest_of(weights)

    def encode(self, stretches: Sequence[Features]) -> Vectors:
        """A vector for each stretch; one of less than FRAMES frames is repeated until it is long enough."""
        if not stretches:
            return np.empty((0, DIMENSIONS), np.float32)
        frames = np.stack([_filled(stretch) for stretch in stretches])
        frames -= frames.mean(axis=1, keepdims=True)
        parts = [self._run(frames[first : first + BATCH]) for first in range(0, len(frames), BATCH)]
        return unit(np.concatenate(parts))

    def _run(self, frames: Features) -> Vectors:
        with self._one_at_a_time:
            return np.asarray(self._session.run(None, {"feats": frames})[0], np.float32)


def unit(vectors: NDArray[np.float32]) -> Vectors:
    """Vectors of length 1; those of length 0 stay as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-9), np.float32)


def _filled(stretch: Features) -> Features:
    return np.concatenate([stretch] * -(-FRAMES // len(stretch)))[:FRAMES]
