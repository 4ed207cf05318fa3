"""Cuts a recording into windows: spans of speech of at most 30 s that begin and end in silence.

Windows do not depend on each other, and the same recording always gives the same windows: whoever
continues it after a crash may skip those that are done.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np

from app.audio.chunker import Chunker, ChunkRules, Cut, FrameSpans
from app.audio.level import audible
from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.silence import SilenceSkipper
from app.audio.vad import FRAME_SAMPLES, FRAMES_PER_SECOND, SpeechDetector

Spans = tuple[tuple[float, float], ...]
"""Beginning and end of each, in seconds of the recording."""


@dataclass(frozen=True, slots=True)
class TimeAnchor:
    """Sound of a window that is whole in the recording, too: it begins there at `start`, in the window at
    `place`."""

    start: float
    place: float


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A span of a recording, `start` to `end`, in seconds; `samples` are its sound, shape (n,).

    `speech` are the spans that are taken for speech, as pairs of seconds of the recording, and `voiced` those
    in which speech was detected: the same, unless the recording is cut without detection. Long pauses between
    spans of `speech` are shortened in `samples`: `anchors` tell what lies where.
    """

    number: int
    start: float
    end: float
    samples: Samples
    speech: Spans
    anchors: tuple[TimeAnchor, ...]
    voiced: Spans

    @property
    def seconds(self) -> float:
        """Length of its sound."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def voiced_seconds(self) -> float:
        """Length of the spans in which speech was detected."""
        return sum(end - start for start, end in self.voiced)

    def time_of(self, place: float) -> float:
        """Time in the recording of what is heard at `place` in the sound, both in seconds."""
        piece = max((piece for piece in self.anchors if piece.place <= place), key=lambda piece: piece.place)
        return piece.start + place - piece.place

    def place_of(self, time: float) -> float:
        """Where in the sound lies what is said at that time of the recording, both in seconds."""
        piece = max((piece for piece in self.anchors if piece.start <= time), key=lambda piece: piece.start)
        return piece.place + time - piece.start

    def halves(self) -> tuple["Window", "Window"]:
        """The window cut in two: at the pause that is nearest to its middle, else in the middle of a word."""
        cut = min(self._pauses(), key=lambda place: abs(place - self.seconds / 2), default=self.seconds / 2)
        return self.part(0.0, cut), self.part(cut, self.seconds)

    def part(self, first: float, last: float) -> "Window":
        """The sound from `first` to `last`, in seconds of it, as a window of its own."""
        start, end = self.time_of(first), self.time_of(last)
        later = tuple(
            TimeAnchor(each.start, each.place - first) for each in self.anchors if first < each.place < last
        )
        return replace(
            self,
            start=start,
            end=end,
            samples=self.samples[round(first * SAMPLE_RATE) : round(last * SAMPLE_RATE)],
            speech=_within(self.speech, start, end),
            anchors=(TimeAnchor(start, 0.0), *later),
            voiced=_within(self.voiced, start, end),
        )

    def _pauses(self) -> list[float]:
        """Middles of the pauses in its sound, in seconds of it."""
        return [
            (self.place_of(pause) + self.place_of(following)) / 2
            for (_, pause), (following, _) in pairwise(self.speech)
        ]


def cut_windows(
    chunks: Iterable[Samples], rules: ChunkRules | None = None, *, vad: bool = True
) -> Iterator[Window]:
    """Windows of a recording that comes in chunks of any length; holds no more sound than one window.

    Without `vad` (voice activity detection) all of it is in some window, cut where speech is least likely.
    """
    windows = WindowStream(rules or ChunkRules(), vad=vad)
    for chunk in chunks:
        yield from windows.feed(chunk)
    yield from windows.flush()


class WindowStream:
    """The same for sound that is pushed: one for each of several channels that are decoded together."""

    def __init__(self, rules: ChunkRules, *, vad: bool = True) -> None:
        self._detector = SilenceSkipper(SpeechDetector())
        self._cutter = Chunker(rules, vad=vad)
        self._max_pause = rules.max_pause
        self._sound = _Sound()
        self._number = 0

    def feed(self, samples: Samples) -> Iterator[Window]:
        """The windows that end in these samples."""
        self._sound.add(samples)
        yield from self._windows(self._detector.feed(samples))
        self._sound.forget(self._cutter.needed_from * FRAME_SAMPLES)

    def flush(self) -> Iterator[Window]:
        """The windows that are left at the end."""
        yield from self._windows(self._detector.flush())
        cut = self._cutter.flush()
        if cut is not None:
            yield self._window(cut)

    def _windows(self, probabilities: Iterable[np.float32]) -> Iterator[Window]:
        for probability in probabilities:
            cut = self._cutter.feed(float(probability))
            if cut is not None:
                yield self._window(cut)

    def _window(self, cut: Cut) -> Window:
        self._number += 1
        return window_of(self._number - 1, cut, self._sound.slice, self._max_pause)


class _Sound:
    """The sound that is still needed, on the recording's own count of samples."""

    def __init__(self) -> None:
        self._samples = np.empty(0, np.float32)
        self._first = 0

    def add(self, samples: Samples) -> None:
        self._samples = np.concatenate([self._samples, samples])

    def forget(self, before: int) -> None:
        done = min(max(0, before - self._first), len(self._samples))
        self._samples = self._samples[done:]
        self._first += done

    def slice(self, start: int, end: int) -> Samples:
        """The sound of frames [start, end), as far as there is any."""
        return self._samples[start * FRAME_SAMPLES - self._first : end * FRAME_SAMPLES - self._first]


def window_of(number: int, cut: Cut, sound: Callable[[int, int], Samples], max_pause: float) -> Window:
    """The window that lies at `cut`; `sound` gives that of some frames, `max_pause` is that of ChunkRules."""
    spans = _kept_spans(cut, round(max_pause * FRAMES_PER_SECOND))
    parts = [sound(start, end) for start, end in spans]
    places = np.cumsum([0, *(len(part) for part in parts)]) / SAMPLE_RATE
    anchors = tuple(
        TimeAnchor(_seconds(start), float(place))
        for (start, _), place in zip(spans, places[:-1], strict=True)
    )
    end = anchors[-1].start + len(parts[-1]) / SAMPLE_RATE
    heard = audible(np.concatenate(parts))
    speech, voiced = _in_seconds(cut.speech), _in_seconds(cut.voiced)
    return Window(number, _seconds(cut.start), end, heard, speech, anchors, voiced)


def cut_of(window: Window) -> Cut:
    """Where a window lies: what `window_of` makes it of. The sound may end within the last frame."""
    return Cut(
        _frame(window.start),
        ceil(round(window.end * FRAMES_PER_SECOND, 3)),
        tuple((_frame(first), _frame(last)) for first, last in window.speech),
        tuple((_frame(first), _frame(last)) for first, last in window.voiced),
    )


def _kept_spans(cut: Cut, kept_frames: int) -> list[tuple[int, int]]:
    """Frames of the window without the middle of its long pauses."""
    starts, ends = [cut.start], []
    for (_, pause), (following, _) in pairwise(cut.speech):
        if following - pause > kept_frames:
            ends.append(pause + kept_frames // 2)
            starts.append(following - (kept_frames - kept_frames // 2))
    return list(zip(starts, [*ends, cut.end], strict=True))


def _in_seconds(spans: FrameSpans) -> Spans:
    return tuple((_seconds(first), _seconds(last)) for first, last in spans)


def _frame(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)


def _seconds(frames: int) -> float:
    return frames / FRAMES_PER_SECOND


def _within(spans: Spans, start: float, end: float) -> Spans:
    """What of the spans lies between two times."""
    return tuple((max(first, start), min(last, end)) for first, last in spans if first < end and last > start)
