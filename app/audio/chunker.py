"""Where windows begin and end, told from the probability of speech in each frame."""

from dataclasses import dataclass

import numpy as np

from app.audio.vad import FRAMES_PER_SECOND


@dataclass(frozen=True, slots=True)
class ChunkRules:
    """How windows are cut; seconds and probabilities, chosen in docs/research/measurements.md."""

    hard_max: float = 28.0
    """No window is longer, its padding included."""
    soft_max: float = 25.0
    """A window of this length ends at the next pause."""
    long_pause: float = 2.0
    """Ends any window."""
    pause: float = 0.3
    """Ends a window that is long enough."""
    gap: float = 0.1
    """Least silence at which a window that grows too long is cut."""
    padding: float = 0.6
    """Silence that is kept on either side of speech: the model needs it to hear first and last sounds."""
    max_pause: float = 0.5
    """Longer pauses inside a window are shortened to this."""
    speech: float = 0.3
    """Probability at which speech begins: 0.5, Silero's own default, misses far and soft voices …"""
    silence: float = 0.15
    """… and below which it has ended."""


@dataclass(frozen=True, slots=True)
class _Span:
    """Frames [start, end)."""

    start: int
    end: int

    @property
    def frames(self) -> int:
        return self.end - self.start


FrameSpans = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Frames [start, end) of a window, of what is taken for speech in it, and of the speech detected."""

    start: int
    end: int
    speech: FrameSpans
    voiced: FrameSpans


class Chunker:
    """Cuts a stream of probabilities of speech, one per frame, into windows, each once its end is known.

    Without `vad` (voice activity detection) every frame is taken for speech.
    """

    def __init__(self, rules: ChunkRules, *, vad: bool = True) -> None:
        self._rules = rules
        self._vad = vad
        self._padding = _frames(rules.padding)
        self._frame = 0
        self._is_voiced = False
        self._voiced: list[_Span] = []
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
        self._is_voiced = probability >= (rules.silence if self._is_voiced else rules.speech)
        is_speech = self._is_voiced or not self._vad
        if not self._vad:
            self._note_voice(frame)
        if self._start is None:
            if is_speech:
                self._open(frame)
            return None
        self._probabilities.append(probability)
        if not is_speech:
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

    def _note_voice(self, frame: int) -> None:
        if self._is_voiced and self._voiced and self._voiced[-1].end == frame:
            self._voiced[-1] = _Span(self._voiced[-1].start, frame + 1)
        elif self._is_voiced:
            self._voiced.append(_Span(frame, frame + 1))

    def _is_over(self) -> bool:
        """Whether the silence after the last speech ends the window."""
        assert self._start is not None
        silent = (self._frame - self._speech_end) / FRAMES_PER_SECOND
        is_enough = (self._speech_end - self._start) / FRAMES_PER_SECOND >= self._rules.soft_max
        return silent >= (self._rules.pause if is_enough else self._rules.long_pause)

    def _is_full(self) -> bool:
        assert self._start is not None
        return self._frame - self._start >= _frames(self._rules.hard_max) - 2 * self._padding

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
        speech = tuple(zip(starts, ends, strict=True))
        return Cut(start, self._taken, speech, speech if self._vad else self._voices_until(self._taken))

    def _voices_until(self, end: int) -> FrameSpans:
        """The speech detected before `end`; what comes after is left to the next window."""
        before = tuple((span.start, min(span.end, end)) for span in self._voiced if span.start < end)
        self._voiced = [_Span(max(span.start, end), span.end) for span in self._voiced if span.end > end]
        return before


def _frames(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)
