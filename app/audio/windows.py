"""Cuts a recording into windows: spans of speech of at most 30 s that begin and end in silence.

Windows do not depend on each other, and the same recording always gives the same windows: whoever continues it
after a crash may skip those that are done.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from app.audio.samples import SAMPLE_RATE, Samples
from app.audio.speech import FRAME_SAMPLES, FRAMES_PER_SECOND, SpeechDetector


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A span of a recording; `samples` are its sound, shape (n,).

    `pauses` are silences inside it, as pairs of seconds from the start of the window.
    """

    number: int
    start: float
    samples: Samples
    pauses: tuple[tuple[float, float], ...] = ()

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / SAMPLE_RATE

    @property
    def end(self) -> float:
        """Where it ends, in seconds from the start of the recording."""
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class CutRules:
    """How windows are cut; seconds and probabilities. docs/performance.md tells how these were chosen."""

    longest: float = 28.0
    """No window is longer, its padding included."""
    enough: float = 15.0
    """A window of this length ends at the next pause."""
    long_pause: float = 2.0
    """Ends any window."""
    pause: float = 0.3
    """Ends a window that is long enough."""
    gap: float = 0.1
    """Least silence at which a window that grows too long is cut."""
    padding: float = 0.4
    """Silence that is kept on either side of speech: the model needs it to hear first and last sounds."""
    speech: float = 0.5
    """Probability at which speech begins …"""
    silence: float = 0.35
    """… and below which it has ended."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Frames [start, end)."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Cut:
    """Frames [start, end) of a window, and the pauses between them."""

    start: int
    end: int
    pauses: tuple[tuple[int, int], ...]


class WindowCutter:
    """Takes probabilities of speech, frame by frame; gives windows once their end is known."""

    def __init__(self, rules: CutRules) -> None:
        self._rules = rules
        self._padding = _frames(rules.padding)
        self._frame = 0
        self._speaking = False
        self._start: int | None = None
        self._speech_end = 0
        self._pauses: list[_Span] = []
        self._probabilities: list[float] = []
        self._taken = 0

    @property
    def needed_from(self) -> int:
        """First frame that a later window may contain."""
        first = self._frame if self._start is None else self._start
        return max(self._taken, first - self._padding)

    def feed(self, probability: float) -> Cut | None:
        """Take the next frame; a window where this frame ends one."""
        rules, frame = self._rules, self._frame
        self._frame += 1
        self._speaking = probability >= (rules.silence if self._speaking else rules.speech)
        if self._start is None:
            if self._speaking:
                self._open(frame)
            return None
        self._probabilities.append(probability)
        if not self._speaking:
            return self._close() if self._is_over() else None
        if frame > self._speech_end:
            self._pauses.append(_Span(self._speech_end, frame))
        self._speech_end = frame + 1
        return self._split() if self._is_full() else None

    def flush(self) -> Cut | None:
        """The last window, where the recording ends inside one."""
        return None if self._start is None else self._close()

    def _open(self, frame: int) -> None:
        self._start, self._speech_end = frame, frame + 1
        self._pauses = []
        self._probabilities = [1.0]

    def _is_over(self) -> bool:
        """Whether the silence after the last speech ends the window."""
        assert self._start is not None
        silent = (self._frame - self._speech_end) / FRAMES_PER_SECOND
        is_enough = (self._speech_end - self._start) / FRAMES_PER_SECOND >= self._rules.enough
        return silent >= (self._rules.pause if is_enough else self._rules.long_pause)

    def _is_full(self) -> bool:
        assert self._start is not None
        return self._frame - self._start >= _frames(self._rules.longest) - 2 * self._padding

    def _close(self) -> Cut:
        """End the window with its last speech."""
        silent = self._frame - self._speech_end
        cut = self._cut(self._speech_end, min(self._padding, silent if silent < self._padding else silent // 2))
        self._start = None
        return cut

    def _split(self) -> Cut:
        """End the window at its best pause, or where speech is least likely; what follows opens the next one."""
        assert self._start is not None
        pause = self._best_pause()
        later = [span for span in self._pauses if span.start >= pause.end]
        self._pauses = [span for span in self._pauses if span.end <= pause.start]
        cut = self._cut(pause.start, min(self._padding, pause.frames // 2))
        self._probabilities = self._probabilities[pause.end - self._start :]
        self._start, self._pauses = pause.end, later
        return cut

    def _best_pause(self) -> _Span:
        """The longest pause of the second half, the later of two equal ones."""
        assert self._start is not None
        middle = (self._start + self._frame) // 2
        pauses = [span for span in self._pauses if span.start >= middle]
        long_ones = [span for span in pauses if span.frames >= _frames(self._rules.gap)]
        if long_ones:
            return max(long_ones, key=lambda span: (span.frames, span.start))
        late = self._probabilities[middle - self._start :]
        quietest = middle + int(np.argmin(late))
        return _Span(quietest, quietest)

    def _cut(self, speech_end: int, padding_after: int) -> Cut:
        assert self._start is not None
        start = max(self._taken, self._start - self._padding, 0)
        self._taken = speech_end + padding_after
        return Cut(start, self._taken, tuple((span.start, span.end) for span in self._pauses))


def _frames(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)


def cut_windows(chunks: Iterable[Samples], rules: CutRules | None = None) -> Iterator[Window]:
    """Windows of a recording that comes in chunks of any length; holds no more sound than one window."""
    detector, cutter, sound = SpeechDetector(), WindowCutter(rules or CutRules()), _Buffer()
    numbers = 0
    for samples, probabilities in _listened(chunks, detector):
        sound.add(samples)
        for probability in probabilities:
            cut = cutter.feed(float(probability))
            if cut is not None:
                yield _window(numbers, cut, sound)
                numbers += 1
        sound.forget(cutter.needed_from * FRAME_SAMPLES)
    cut = cutter.flush()
    if cut is not None:
        yield _window(numbers, cut, sound)


def _listened(
    chunks: Iterable[Samples], detector: SpeechDetector
) -> Iterator[tuple[Samples, Iterable[np.float32]]]:
    for chunk in chunks:
        yield chunk, detector.feed(chunk)
    yield np.empty(0, np.float32), detector.flush()


class _Buffer:
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
        return self._samples[start - self._first : end - self._first].copy()


def _window(number: int, cut: Cut, sound: _Buffer) -> Window:
    first = cut.start * FRAME_SAMPLES
    pauses = tuple(
        ((start - cut.start) / FRAMES_PER_SECOND, (end - cut.start) / FRAMES_PER_SECOND)
        for start, end in cut.pauses
    )
    return Window(number, first / SAMPLE_RATE, sound.slice(first, cut.end * FRAME_SAMPLES), pauses)
