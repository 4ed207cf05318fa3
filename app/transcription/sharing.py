"""The owner of a long recording, once somebody wants to help: it cuts ahead, and lends what it has cut.

Of windows on offer only their places are kept. Those that the owner decodes itself it reads once more, as
helpers do: the sound of all would not fit into memory. Whatever becomes of helpers and of Redis, every window
is decoded in the end, by the owner where nobody else has.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from app.audio.channels import ChannelWindow
from app.audio.reading.slicing import SliceSource, offer_of
from app.core.config import Settings
from app.schemas.lending import Offer, OfferedWindow, Taken
from app.transcription.lending import IDLE_SECONDS, LOOK_SECONDS, MOST_WINDOWS
from app.transcription.request import Watch
from app.transcription.window_decoder import CutWindow, WindowDecoder

MOST_OFFERED = 100
"""Windows that are on offer or lent at a time: three quarters of an hour, 25 KB in Redis."""

OFFERED_TOGETHER = 8


@dataclass(frozen=True, slots=True)
class SharingRules:
    """Recordings of at least `min_seconds` are shared with idle workers; None: none are."""

    min_seconds: float | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "SharingRules":
        """Those that SHARE_LONG_RECORDINGS and SHARE_MIN_SECONDS ask for."""
        return cls(settings.share_min_seconds if settings.share_long_recordings else None)

    def allow(self, seconds: float | None) -> bool:
        """Whether a recording of that length is shared; one of unknown length is not."""
        return self.min_seconds is not None and seconds is not None and seconds >= self.min_seconds


NOT_SHARED = SharingRules()


class Sharing:
    """One recording whose windows are lent. `lent` is how many others have done."""

    def __init__(self, decoder: WindowDecoder, slices: SliceSource, watch: Watch, terms: Offer) -> None:
        """`terms` are the plans of the recording."""
        self._decoder = decoder
        self._slices = slices
        self._watch = watch
        self._terms = terms
        self._open: dict[int, OfferedWindow] = {}
        self._unsent: list[OfferedWindow] = []
        self._suspects: list[OfferedWindow] = []
        self._has_more = True
        self._offered_at = self._asked_at = 0.0
        self.lent = 0

    def transcribe(self, cuts: Iterator[CutWindow]) -> None:
        """Have all these windows transcribed, by whomever."""
        while self._has_more or self._open or not self._decoder.is_empty:
            self._cut_ahead(cuts)
            self._offer()
            self._take()
            may_cut = self._has_more and len(self._open) < MOST_OFFERED
            self._decoder.hear(0.0 if may_cut else IDLE_SECONDS)
        for window in self._suspects:
            self._decode([window], alone=True)
            while not self._decoder.is_empty:
                self._decoder.hear()

    def _cut_ahead(self, cuts: Iterator[CutWindow]) -> None:
        """Cut one more window, if it is time."""
        if not self._has_more or len(self._open) >= MOST_OFFERED:
            return
        cut = next(cuts, None)
        if cut is None:
            self._has_more = False
            return
        language = self._decoder.vote(cut.channel).decided
        if language is None:  # a channel in which nobody has spoken before: its first windows decide
            while not self._decoder.may_submit(cut.channel):
                self._decoder.hear()
            self._decoder.submit(cut)
            return
        offered = offer_of(ChannelWindow(cut.channel, cut.window), cut.covered, language)
        self._open[offered.number] = offered
        self._unsent.append(offered)

    def _offer(self) -> None:
        """Offer what has been cut, some windows at a time; and renew the offer."""
        is_due = time.monotonic() - self._offered_at >= LOOK_SECONDS
        if len(self._unsent) < OFFERED_TOGETHER and not is_due:
            return
        windows = tuple(each for each in self._unsent if each.number in self._open)
        self._unsent = []
        self._watch.lender.offer(self._terms.model_copy(update={"windows": windows}))
        self._offered_at = time.monotonic()

    def _take(self) -> None:
        """Hear which windows are done; where all of one's own are being decoded, take the next ones."""
        wants_more = self._decoder.wants_more
        pause = IDLE_SECONDS if wants_more else LOOK_SECONDS
        if not self._open or time.monotonic() - self._asked_at < pause:
            return
        numbers = sorted(self._open)
        most = MOST_WINDOWS if wants_more else 0
        taken = self._watch.lender.take(self._terms.saved_plan, numbers, most)
        if taken is None:
            taken = Taken(mine=tuple(numbers[: min(most, OFFERED_TOGETHER)]))
        for transcript in taken.done:
            del self._open[transcript.number]
            self._decoder.know(transcript)
            self.lent += 1
            self._watch.on_alive()
        self._suspects += [self._open.pop(number) for number in taken.suspects]
        self._decode([self._open.pop(number) for number in taken.mine])
        if not taken.mine:
            self._asked_at = time.monotonic()

    def _decode(self, windows: list[OfferedWindow], *, alone: bool = False) -> None:
        covered = {window.number: window.covered for window in windows}
        for each in self._slices.slices(windows):
            number = each.window.number
            self._decoder.submit(CutWindow(each.window, each.channel, covered[number]), alone=alone)
