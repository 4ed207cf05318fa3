"""Stages of the pipeline: how many work at each, and how busy the device is, as seconds that only grow.

A stage's seconds grow by one a second for each that is at it, so that their rate is the mean number at work.
The device's slots (batches that it takes at a time) are each in one of four states:

* `busy`: in a call of the model's runtime: to encode, detect the language, decode or align, each of which is
  a stage, or at the stage `device`, where an engine does not tell which.
* `held`: not in a call although there is work: its batch does what needs the processor only (features,
  quality checks, segments), or waits for its turn; or windows wait, since a model is being loaded.
* `starved`: no window is there, but a recording is being read.
* `idle`: no recording is in hand that could give it a window.

So `busy / (busy + held)` is how busy the device is while windows wait, and `busy / (busy + held + starved)`
how busy it is while there is any work.
"""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


class PipelineStage(StrEnum):
    """Where a thread of the engine process, or a window, is."""

    READ = "read"
    """A recording is decoded, searched for speech and cut."""
    FEATURES = "features"
    """The features of a window are computed."""
    QUEUE = "queue"
    """A window waits for its batch."""
    LOAD = "load"
    """A model is loaded."""
    ENCODE = "encode"
    """Features become encoder states, on the device."""
    DETECT = "detect"
    """The languages of windows are detected, on the device."""
    DECODE = "decode"
    """Tokens are searched for or sampled, on the device."""
    ALIGN = "align"
    """Words get their times, on the device."""
    DEVICE = "device"
    """A batch is in a call of a model's runtime, or of a server, that does all of that."""
    CHECK = "check"
    """A batch is on a decode worker, but in no call: it is checked, assembled, or waits for its turn."""


DEVICE_STAGES = (
    PipelineStage.ENCODE,
    PipelineStage.DETECT,
    PipelineStage.DECODE,
    PipelineStage.ALIGN,
    PipelineStage.DEVICE,
)
"""Where a batch keeps a slot of the device busy."""

COUNTED_STAGES = tuple(
    stage for stage in PipelineStage if stage not in (PipelineStage.LOAD, PipelineStage.DEVICE)
)
"""Stages whose seconds are told."""


class StageClock:
    """Adds up the seconds of each stage. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._own = threading.local()
        self._at = clock()
        self._counts: Counter[PipelineStage] = Counter()
        self._batches = 0
        self._slots = 1
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def at(self, stage: PipelineStage) -> Iterator[None]:
        """This thread is at that stage meanwhile, and at none that it was at before."""
        before: PipelineStage | None = getattr(self._own, "stage", None)
        self._move(before, stage)
        try:
            yield
        finally:
            self._move(stage, before)

    def each(self, stage: PipelineStage, items: Iterator[T]) -> Iterator[T]:
        """The items; this thread is at that stage while it waits for the next one."""
        while True:
            with self.at(stage):
                found = list(islice(items, 1))
            if not found:
                return
            yield found[0]

    @contextmanager
    def batch(self) -> Iterator[None]:
        """This thread has a batch on a decode worker, on the device unless it says otherwise with `at`."""
        self._change_batches(1)
        try:
            with self.at(PipelineStage.DEVICE):
                yield
        finally:
            self._change_batches(-1)

    def queue(self, windows: int) -> None:
        """So many windows wait for a batch from now on."""
        with self._lock:
            self._advance()
            self._counts[PipelineStage.QUEUE] = windows

    def offer(self, slots: int) -> None:
        """The device takes so many batches at a time from now on, or more, as was said before."""
        with self._lock:
            self._advance()
            self._slots = max(self._slots, slots)

    def take(self) -> dict[str, float]:
        """Seconds by their names (`device_busy_seconds`, `stage_read_seconds` …) since the last call."""
        with self._lock:
            self._advance()
            taken, self._seconds = self._seconds, defaultdict(float)
            return dict(taken)

    def _move(self, before: PipelineStage | None, after: PipelineStage | None) -> None:
        with self._lock:
            self._advance()
            if before is not None:
                self._counts[before] -= 1
            if after is not None:
                self._counts[after] += 1
        self._own.stage = after

    def _change_batches(self, change: int) -> None:
        with self._lock:
            self._advance()
            self._batches += change

    def _advance(self) -> None:
        now = self._clock()
        seconds, self._at = now - self._at, now
        for stage in COUNTED_STAGES:
            self._seconds[f"stage_{stage}_seconds"] += seconds * self._counts[stage]
        for state, slots in self._slots_by_state().items():
            self._seconds[f"device_{state}_seconds"] += seconds * slots

    def _slots_by_state(self) -> dict[str, int]:
        """How many slots of the device are in each state now: those that are left over for it."""
        counts, left = self._counts, self._slots
        on_device = sum(counts[stage] for stage in DEVICE_STAGES)
        off_device = max(0, self._batches - on_device)  # loading has calls of its own
        features_ahead = counts[PipelineStage.FEATURES] + counts[PipelineStage.CHECK] - off_device
        wanted = {
            "busy": on_device,
            "held": off_device + counts[PipelineStage.QUEUE] + self._slots * bool(counts[PipelineStage.LOAD]),
            "starved": counts[PipelineStage.READ] + features_ahead,
        }
        found = {}
        for state, slots in wanted.items():
            found[state] = min(left, max(0, slots))
            left -= found[state]
        return found | {"idle": left}
