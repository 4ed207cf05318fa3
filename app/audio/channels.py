"""Windows of channels that are kept apart: one decoder feeds a cutter for each of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from app.audio.blocks import BLOCK_SAMPLES
from app.audio.chunker import ChunkRules
from app.audio.pcm import Channels
from app.audio.windows import Window, WindowStream


@dataclass(frozen=True, slots=True, eq=False)
class ChannelWindow:
    """A window of one channel, which counts from 0; None where all are mixed."""

    channel: int | None
    window: Window


def cut_channels(
    blocks: Iterable[Channels], rules: ChunkRules, *, vad: bool = True
) -> Iterator[ChannelWindow]:
    """Windows of all channels, as they end, with one count for all.

    The count is the same each time where the blocks are: the decoder gives one of each second.
    """
    for number, (channel, window) in enumerate(_as_they_end(blocks, rules, vad)):
        yield ChannelWindow(channel, replace(window, number=number))


def _silence(stream: WindowStream, samples: int) -> Iterator[Window]:
    """What is before a channel that appears on the way, where files were joined."""
    for first in range(0, samples, BLOCK_SAMPLES):
        yield from stream.feed(np.zeros(min(BLOCK_SAMPLES, samples - first), np.float32))


def _as_they_end(blocks: Iterable[Channels], rules: ChunkRules, vad: bool) -> Iterator[tuple[int, Window]]:
    streams: list[WindowStream] = []
    heard = 0
    for block in blocks:
        for channel in range(len(streams), len(block)):
            streams.append(WindowStream(rules, vad=vad))
            yield from ((channel, window) for window in _silence(streams[-1], heard))
        missing = np.zeros((len(streams) - len(block), block.shape[1]), np.float32)
        for channel, samples in enumerate([*block, *missing]):
            yield from ((channel, window) for window in streams[channel].feed(samples))
        heard += block.shape[1]
    for channel, stream in enumerate(streams):
        yield from ((channel, window) for window in stream.flush())
