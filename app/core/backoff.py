"""What fails again and again: pauses that grow, and one line in the log instead of hundreds."""

import logging
import threading
import time
from dataclasses import dataclass

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0

QUIET_SECONDS = 60.0
"""Without a failure in this time, what is done by turns works again."""

REMINDER_SECONDS = 300.0
"""A failure that goes on is told again, with a count, after so long; one after a longer silence is new."""

MOST_REASONS = 50


@dataclass(slots=True)
class _Reason:
    """How often something failed for one reason, since when, and when that was logged; on the monotonic
    clock."""

    since: float
    told_at: float
    count: int = 0


class Backoff:
    """One thing that is tried for ever: how long to pause, and what the log is told.

    The first failure for each reason is logged. What repeats itself is counted, and told with the count every
    REMINDER_SECONDS and at the end, which has come after `quiet_seconds` without a failure: what is done by
    turns may succeed now and then only because there was nothing to do. `what` begins the lines: "Claiming a
    task". Thread-safe: all calls of the archive share one of these.
    """

    def __init__(
        self,
        logger: logging.Logger,
        what: str,
        *,
        first_seconds: float = FIRST_PAUSE_SECONDS,
        longest_seconds: float = LONGEST_PAUSE_SECONDS,
        quiet_seconds: float = 0.0,
    ) -> None:
        self._logger = logger
        self._what = what
        self._first_seconds = first_seconds
        self._longest_seconds = longest_seconds
        self._quiet_seconds = quiet_seconds
        self._failures = 0
        self._since = self._last = 0.0
        self._failing_since: float | None = None
        self._reasons: dict[str, _Reason] = {}
        self._lock = threading.Lock()

    def failed(self, error: BaseException, *, unexpected: bool = False) -> float:
        """It failed; the pause in seconds before it is tried again. `unexpected` logs the traceback.

        The pause is as long as the trouble has lasted, and so doubles, however many tasks share this object.
        """
        with self._lock:
            return self._failed(error, unexpected)

    def succeeded(self) -> None:
        """It worked."""
        with self._lock:
            self._succeeded()

    def _failed(self, error: BaseException, unexpected: bool) -> float:
        now = time.monotonic()
        if self._failures == 0 or now - self._last > REMINDER_SECONDS + self._longest_seconds:
            self._reasons, self._failures, self._since, self._failing_since = {}, 0, now, None
        self._failures, self._last = self._failures + 1, now
        if self._failing_since is None:
            self._failing_since = now
        if self._is_to_be_told(f"{type(error).__name__}: {error}", now):
            self._tell(error, unexpected)
        return min(self._longest_seconds, max(self._first_seconds, now - self._failing_since))

    def _succeeded(self) -> None:
        self._failing_since = None
        if self._failures == 0 or time.monotonic() - self._last < self._quiet_seconds:
            return
        self._logger.info(
            "%s works again after %d failure(s) in %.0f s",
            self._what,
            self._failures,
            self._last - self._since,
        )
        self._failures = 0

    def _is_to_be_told(self, text: str, now: float) -> bool:
        if len(self._reasons) > MOST_REASONS:
            self._reasons = {}
        reason = self._reasons.setdefault(text, _Reason(now, now))
        reason.count += 1
        if reason.count > 1 and now - reason.told_at < REMINDER_SECONDS:
            return False
        reason.told_at = now
        return True

    def _tell(self, error: BaseException, unexpected: bool) -> None:
        text = f"{type(error).__name__}: {error}"
        count, seconds = self._reasons[text].count, self._last - self._reasons[text].since
        self._logger.log(
            logging.ERROR if unexpected else logging.WARNING,
            "%s fails (%s)%s",
            self._what,
            text,
            f", {count} times in {seconds:.0f} s" if count > 1 else "",
            exc_info=error if unexpected else None,
        )
