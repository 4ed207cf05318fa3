"""Keeps decoded sound on the recording's own clock."""

from av.audio.frame import AudioFrame

GAP_SECONDS = 0.25
"""Shorter jumps of the timestamps are rounding and codec delay, not gaps."""

LONGEST_SECONDS = 86_400.0
"""Where the sound of a recording ends at most, unless told otherwise; times beyond are taken for wrong."""


class Timeline:
    """Tells how much silence is missing before a frame: what was paused or lost still takes its time.

    A clock that jumps back, or beyond the `longest` that a recording may be, was restarted (joined files):
    sound then goes on.
    """

    is_steady = False

    def __init__(
        self, start: float | None, longest: float = LONGEST_SECONDS, *, continuous: bool = False
    ) -> None:
        self._origin = start
        self._longest = longest
        self.position = 0.0
        """Seconds of sound and silence so far."""
        self.continuous = continuous
        """Whether a gap is a loss, and no pause."""
        self.silence = 0.0
        """Seconds of silence after the first sound."""
        self.restarted = False
        """Whether the clock has jumped back, or too far ahead …"""
        self.jumped = False
        """… the latter."""

    def silence_before(self, frame: AudioFrame) -> float:
        """Seconds of silence to put before `frame`, which then counts as played."""
        gap = self._gap(frame)
        if self.position:
            self.silence += gap
        self.position += gap + frame.samples / frame.sample_rate
        return gap

    def pause(self, seconds: float) -> None:
        """Count silence that stands for what could not be decoded."""
        self.position += seconds

    def _gap(self, frame: AudioFrame) -> float:
        if frame.time is None:
            return 0.0
        if self._origin is None:
            self._origin = frame.time
        gap = frame.time - self._origin - self.position
        if gap <= -1.0 or self.position + gap >= self._longest:
            self._origin += gap
            self.restarted = True
            self.jumped = self.jumped or gap > 0
            return 0.0
        return gap if gap > GAP_SECONDS else 0.0


class SteadyTimeline(Timeline):
    """For formats without a clock, whose times FFmpeg only counts up: sound follows sound."""

    is_steady = True

    def __init__(self) -> None:
        super().__init__(None)

    def _gap(self, _: AudioFrame) -> float:
        return 0.0
