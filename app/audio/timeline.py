"""Keeps decoded sound on the recording's own clock."""

from av.audio.frame import AudioFrame

GAP_SECONDS = 0.25
"""Shorter jumps of the timestamps are rounding and codec delay, not gaps."""

MAX_SILENCE_SECONDS = 3600.0
"""Silence that is put into one recording at most; timestamps that ask for more are taken for wrong."""


class Timeline:
    """Tells how much silence is missing before a frame: what was paused or lost still takes its time.

    A clock that jumps back or absurdly far ahead was restarted (joined files): sound then goes on.
    """

    def __init__(self, start: float | None) -> None:
        self._origin = start
        self._position = 0.0
        self._budget = MAX_SILENCE_SECONDS

    def silence_before(self, frame: AudioFrame) -> float:
        """Seconds of silence to put before `frame`, which then counts as played."""
        gap = self._gap(frame)
        if gap > 0:
            self._budget -= gap
        self._position += gap + frame.samples / frame.sample_rate
        return gap

    def _gap(self, frame: AudioFrame) -> float:
        if frame.time is None:
            return 0.0
        if self._origin is None:
            self._origin = frame.time
        gap = frame.time - self._origin - self._position
        if not -1.0 < gap <= self._budget:
            self._origin += gap
            return 0.0
        return gap if gap > GAP_SECONDS else 0.0
