"""One track on its way from packets to blocks of sound: one channel, or each for itself."""

from collections.abc import Iterator

import numpy as np
from av.packet import Packet
from av.stream import Stream

from app.audio.blocks import Blocks
from app.audio.downmix import Downmix, Layout, MixReport
from app.audio.limits import AudioLimits
from app.audio.pcm import Channels
from app.audio.track_decoder import TrackDecoder, TrackReport
from app.audio.tracks import Track
from app.core.errors import AudioUndecodable


class TrackReader:
    """Reads one track. Without `split` its blocks have one row, else one for each channel it has at first.

    Raises AudioUndecodable where these are more than MAX_CHANNELS.
    """

    def __init__(self, track: Track, decoder: TrackDecoder, limits: AudioLimits, *, split: bool) -> None:
        self.track = track
        self._limits = limits
        self._decoder = decoder
        self._split = split
        self._blocks = Blocks()
        self._channels = 0
        self._layout: Layout | None = None
        self._downmix = Downmix(Layout(1))
        self._mixed = MixReport()

    @property
    def channels(self) -> int:
        """Channels that it has: those of the first sound, or what the container says before it."""
        return self._channels or max(1, self.track.channels)

    @property
    def report(self) -> TrackReport:
        """What was decoded so far."""
        return self._decoder.report

    @property
    def mix(self) -> MixReport:
        """What was unusual about its mix so far."""
        return self._mixed.joined(self._downmix.report)

    @property
    def problem(self) -> str | None:
        """Why what was met on the way was not decoded."""
        return self._decoder.problem

    def feed(self, packet: "Packet[Stream]") -> Iterator[Channels]:
        """The blocks that a packet completes."""
        yield from self._read(self._decoder.feed(packet))

    def finish(self) -> Iterator[Channels]:
        """What is left at the end."""
        yield from self._read(self._decoder.flush())
        for block in self._blocks.flush():
            yield self._given(block)

    def _read(self, parts: Iterator[Channels]) -> Iterator[Channels]:
        for part in parts:
            layout = self._decoder.layout
            if layout != self._layout:
                yield from (self._given(block) for block in self._blocks.flush())
                self._follow(layout)
            yield from (self._given(block) for block in self._blocks.add(part))

    def _follow(self, layout: Layout) -> None:
        self._channels = self._channels or layout.count
        if self._split and (problem := self._limits.split_problem(self._channels)):
            raise AudioUndecodable(problem)
        self._layout = layout
        self._mixed = self._mixed.joined(self._downmix.report)
        self._downmix = Downmix(layout)

    def _given(self, block: Channels) -> Channels:
        return _with_rows(block, self._channels) if self._split else self._downmix.feed(block)[np.newaxis]


def _with_rows(block: Channels, rows: int) -> Channels:
    """The block where the number of channels has changed on the way: none is lost, none is new."""
    if len(block) == rows:
        return block
    if len(block) > rows:
        return np.concatenate([block[: rows - 1], block[rows - 1 :].sum(axis=0, keepdims=True)])
    return np.concatenate([block, np.zeros((rows - len(block), block.shape[1]), np.float32)])
