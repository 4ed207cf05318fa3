"""Where windows begin and end, told from the probability of speech in each frame."""

from dataclasses import dataclass

import numpy as np

from app.audio.speech import FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class CutRules:
    """How windows are cut; seconds and probabilities. docs/performance.md tells how these were chosen."""

    longest: float = 28.0
    """No window is longer, its padding included."""
    enough: float = 25.0
    """A window of this length ends at the next pause."""
    long_pause: float = 2.0
    """Ends any window."""
    pause: float = 0.3
    """Ends a window that is long enough."""
    gap: float = 0.1
    """Least silence at which a window that grows too long is cut."""
    padding: float = 0.6
    """Silence that is kept on either side of speech: the model needs it to hear first and last sounds."""
    kept_pause: float = 0.5
    """What is left of a longer pause inside a window: the model listens to no silence that says nothing."""
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
    """Frames [start, end) of a window, and of the speech in it."""

    start: int
    end: int
    speech: tuple[tuple[int, int], ...]


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
            silence = self._frame - self._speech_end  # which the next window may share
            return self._close(silence // 2) if self._is_over() else None
        if frame > self._speech_end:
            self._pauses.append(_Span(self._speech_end, frame))
        self._speech_end = frame + 1
        return self._split() if self._is_full() else None

    def flush(self) -> Cut | None:
        """The last window, where the recording ends inside one."""
        return None if self._start is None else self._close(self._frame - self._speech_end)

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

    def _close(self, silence: int) -> Cut:
        """End the window with its last speech, and as much of the silence after it as it may have."""
        cut = self._cut(self._speech_end, min(self._padding, silence))
        self._start = None
        return cut

    def _split(self) -> Cut:
        """End the window at its best pause, or where speech is least likely; the rest opens the next one."""
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
        pauses = [span for span in self._pauses if span.frames >= _frames(self._rules.gap)]
        starts = [self._start, *(span.end for span in pauses)]
        ends = [*(span.start for span in pauses), speech_end]
        return Cut(start, self._taken, tuple(zip(starts, ends, strict=True)))


def _frames(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)
