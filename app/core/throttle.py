"""Log messages that could come thousands of times a second, written at most once a minute."""

import time
from collections.abc import Callable

QUIET_SECONDS = 60.0


class Throttled:
    """Calls `log` at most once in QUIET_SECONDS; the next line tells how many were left out."""

    def __init__(self, log: Callable[..., None], clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._quiet_until = -QUIET_SECONDS
        self._left_out = 0

    def __call__(self, message: str, *args: object) -> None:
        """Log, or count."""
        now = self._clock()
        if now < self._quiet_until:
            self._left_out += 1
            return
        more = f" ({self._left_out} more since the last such line)" if self._left_out else ""
        self._quiet_until, self._left_out = now + QUIET_SECONDS, 0
        self._log(message + more, *args)
