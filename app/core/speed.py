"""How slow a transfer may be: one of a byte a second keeps within every time-out for silence, for hours."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SlowestSpeed:
    """The slowest speed that is waited for, as the mean of each period; 0: any."""

    bytes_per_second: float
    over_seconds: float = 60.0


ANY_SPEED = SlowestSpeed(0)


class SpeedMeter:
    """Of one transfer."""

    def __init__(self, slowest: SlowestSpeed) -> None:
        self._slowest = slowest
        self._seconds = 0.0
        self._bytes = 0

    def is_too_slow(self, seconds: float, size: int) -> bool:
        """Whether the transfer is, after a further wait for so many bytes.

        Only waits count: what this side does between them is no fault of the other's.
        """
        self._seconds += seconds
        self._bytes += size
        if self._seconds < self._slowest.over_seconds:
            return False
        is_too_slow = self._bytes < self._slowest.bytes_per_second * self._seconds
        self._seconds, self._bytes = 0.0, 0
        return is_too_slow
