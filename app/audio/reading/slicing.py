"""Windows of a recording that somebody else has cut: the same sound, without looking for speech.

The recording is decoded from its beginning, as whoever cut it has: seeking gives other samples in many
formats, and decoding an hour takes seconds.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Protocol

import numpy as np

from app.audio.channels import ChannelWindow
from app.audio.chunker import Cut
from app.audio.decode import SoundStream
from app.audio.pcm import Channels
from app.audio.reading.cutting import Cutting, sound_blocks
from app.audio.report import DecodeReport
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.vad import FRAME_SAMPLES
from app.audio.windows import cut_of, window_of
from app.core.errors import EngineFailed
from app.schemas.lending import OfferedWindow

KEPT_SECONDS = 35.0
"""Sound that is kept behind what was read last: windows of other channels may begin earlier by a length."""


class SliceSource(Protocol):
    """Gives windows that are known, in any order; fast where their numbers rise. See also WindowSource."""

    def slices(self, windows: Sequence[OfferedWindow]) -> Iterator[ChannelWindow]:
        """These windows, with their sound."""

    def close(self) -> None:
        """End the reading; may be called more than once."""


class SliceReader:
    """Reads in the thread that asks. Raises EngineFailed where the recording is another than was cut."""

    def __init__(self, cutting: Cutting, on_block: Callable[[], None]) -> None:
        self._cutting = cutting
        self._on_block = on_block
        self._begin()

    @property
    def report(self) -> DecodeReport:
        """What was decoded so far."""
        return self._stream.report

    def slices(self, windows: Sequence[OfferedWindow]) -> Iterator[ChannelWindow]:
        """See SliceSource."""
        for window in windows:
            cut = cut_of_offer(window)
            if self._first > cut.start * FRAME_SAMPLES:
                self._begin()
            self._read_to(cut.end * FRAME_SAMPLES)
            if self._end <= (cut.end - 1) * FRAME_SAMPLES:
                raise EngineFailed("The recording ends earlier here than where its windows were cut.")
            sound = partial(self._sound, window.channel or 0)
            yield ChannelWindow(
                window.channel, window_of(window.number, cut, sound, self._cutting.rules.max_pause)
            )

    def close(self) -> None:
        """Nothing goes on between two windows."""

    def _begin(self) -> None:
        self._stream = SoundStream(self._cutting.path, self._cutting.listening)
        self._blocks = sound_blocks(self._cutting, self._stream, self._on_block)
        self._kept: deque[Channels] = deque()
        self._first = self._end = 0

    def _read_to(self, end: int) -> None:
        """Decode until there are so many samples, or no more."""
        while self._end < end and (block := next(self._blocks, None)) is not None:
            self._kept.append(block)
            self._end += block.shape[1]
            while self._end - self._first - self._kept[0].shape[1] > KEPT_SECONDS * SAMPLE_RATE:
                self._first += self._kept.popleft().shape[1]

    def _sound(self, channel: int, start: int, end: int) -> Samples:
        """The sound of frames [start, end) of a channel; silence while the recording does not have it yet."""
        first, last = start * FRAME_SAMPLES, end * FRAME_SAMPLES
        parts, place = [np.empty(0, np.float32)], self._first
        for block in self._kept:
            if place < last and place + block.shape[1] > first:
                row = block[channel] if channel < len(block) else np.zeros(block.shape[1], np.float32)
                parts.append(row[max(0, first - place) : last - place])
            place += block.shape[1]
        return np.concatenate(parts)


def offer_of(each: ChannelWindow, covered: float, expected: str | None) -> OfferedWindow:
    """How a window that has been cut is described to others."""
    cut = cut_of(each.window)
    return OfferedWindow(
        number=each.window.number,
        channel=each.channel,
        start=cut.start,
        end=cut.end,
        speech=cut.speech,
        voiced=None if cut.voiced == cut.speech else cut.voiced,
        covered=round(covered, 3),
        expected=expected,
    )


def cut_of_offer(window: OfferedWindow) -> Cut:
    """Where a window lies that was described so."""
    voiced = window.speech if window.voiced is None else window.voiced
    return Cut(window.start, window.end, window.speech, voiced)
