"""Blocks of several tracks, side by side: one row for each track."""

from collections import deque
from collections.abc import Iterator, Sequence

import numpy as np

from app.audio.pcm import Channels

MOST_BLOCKS = 480
"""Blocks, of 64 kB, that wait for other tracks: those have ended, or the file holds them elsewhere."""


class TrackMix:
    """Takes the tracks' blocks as they come."""

    def __init__(self, keys: Sequence[int]) -> None:
        self._waiting: dict[int, deque[Channels]] = {key: deque() for key in keys}
        self._taken = dict.fromkeys(keys, 0)
        self._given = 0
        self._most = max(1, MOST_BLOCKS // len(keys))

    def add(self, key: int, block: Channels) -> Iterator[Channels]:
        """The rows that a track's next block completes; what comes too late is lost."""
        late = self._given - self._taken[key] - len(self._waiting[key])
        if late > 0:
            self._taken[key] += 1
            return
        self._waiting[key].append(block)
        while all(self._waiting.values()) or len(self._waiting[key]) > self._most:
            yield self._next()

    def finish(self) -> Iterator[Channels]:
        """What is left at the end."""
        while any(self._waiting.values()):
            yield self._next()

    def _next(self) -> Channels:
        blocks = []
        for key, waiting in self._waiting.items():
            if waiting:
                self._taken[key] += 1
            blocks.append(waiting.popleft()[0] if waiting else np.empty(0, np.float32))
        self._given += 1
        rows = np.zeros((len(blocks), max(map(len, blocks))), np.float32)
        for row, block in zip(rows, blocks, strict=True):
            row[: len(block)] = block
        return rows
