"""Windows of channels that are kept apart: one decoder feeds a cutter for each of them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from app.audio.cutter import CutRules
from app.audio.pcm import Channels
from app.audio.windows import Window, WindowStream


@dataclass(frozen=True, slots=True, eq=False)
class ChannelWindow:
    """A window of one channel, which counts from 0; None where all are mixed."""

    channel: int | None
    window: Window


def cut_channels(blocks: Iterable[Channels], rules: CutRules, *, vad: bool = True) -> Iterator[ChannelWindow]:
    """Windows of all channels, as they end, with one count for all.

    The count is the same each time where the blocks are: the decoder gives one of each second.
    """
    for number, (channel, window) in enumerate(_as_they_end(blocks, rules, vad)):
        yield ChannelWindow(channel, replace(window, number=number))


def _as_they_end(blocks: Iterable[Channels], rules: CutRules, vad: bool) -> Iterator[tuple[int, Window]]:
    streams: list[WindowStream] = []
    for block in blocks:
        streams += [WindowStream(rules, vad=vad) for _ in range(len(streams), len(block))]
        for channel, samples in enumerate(block):
            yield from ((channel, window) for window in streams[channel].feed(samples))
    for channel, stream in enumerate(streams):
        yield from ((channel, window) for window in stream.flush())
