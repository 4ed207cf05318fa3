"""Sound in parts of any length to blocks of one second, which begin at whole seconds of the recording."""

from collections.abc import Iterator

import numpy as np

from app.audio.pcm import Channels
from app.audio.samples import SAMPLE_RATE

BLOCK_SAMPLES = SAMPLE_RATE


class Blocks:
    """Cuts the sound of one track; blocks before a change of the number of channels may be shorter."""

    def __init__(self) -> None:
        self._waiting: list[Channels] = []
        self._count = 0
        self._room = BLOCK_SAMPLES

    def add(self, part: Channels) -> Iterator[Channels]:
        """The blocks that a part completes."""
        if self._waiting and len(self._waiting[0]) != len(part):
            yield from self.flush()
        while self._count + part.shape[1] >= self._room:
            taken = self._room - self._count
            self._waiting.append(part[:, :taken])
            part = part[:, taken:]
            self._count = self._room
            yield from self.flush()
        if part.shape[1]:
            self._waiting.append(part)
            self._count += part.shape[1]

    def flush(self) -> Iterator[Channels]:
        """What is left."""
        if not self._count:
            return
        block = self._waiting[0] if len(self._waiting) == 1 else np.concatenate(self._waiting, axis=1)
        self._room = self._room - self._count or BLOCK_SAMPLES
        self._waiting, self._count = [], 0
        yield block
