"""What is to be heard of a recording."""

import math
from dataclasses import dataclass, field

from app.audio.limits import AudioLimits
from app.schemas.task import TrackChoice


@dataclass(frozen=True, slots=True)
class Listening:
    """What is to be heard of a recording.

    That is its first `trim` seconds (None: all of it), which track, and each channel for itself (`split`) or
    all together; with `mix` each track is one channel.
    """

    trim: float | None = None
    track: int | TrackChoice = TrackChoice.AUTO
    split: bool = False
    limits: AudioLimits = field(default_factory=AudioLimits)

    @property
    def seconds(self) -> float:
        """The longest that is heard."""
        return min(self.trim or math.inf, self.limits.max_seconds)

    @property
    def is_limited(self) -> bool:
        """Whether it is MAX_DURATION_SECONDS that bounds it."""
        return self.seconds < (self.trim or math.inf)
