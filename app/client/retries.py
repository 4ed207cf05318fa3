"""When a request is tried again, and after how long; the waiting itself is tenacity's."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tenacity import RetryCallState, retry_if_exception, stop_after_attempt

from app.client.errors import ServiceProblem, ServiceUnreachable

LONGEST_PAUSE_SECONDS = 30.0
LONGEST_RETRY_AFTER_SECONDS = 600.0
"""A service that asks for more patience than this is asked again all the same."""

_PASSING = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.INSUFFICIENT_STORAGE,
        # From a proxy: the service behind it cannot be reached.
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)

_PASSING_CODES = frozenset({"request_in_progress", "upload_locked", "upload_stalled"})
"""Codes of problems that pass although their status alone does not tell."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How stubborn a client is. `on_retry` is told what went wrong and the seconds until the next try."""

    retries: int = 5
    backoff: float = 0.5
    on_retry: Callable[[BaseException, float], None] | None = None

    def settings(self) -> dict[str, Any]:
        """What tenacity's `Retrying` and `AsyncRetrying` are made with."""
        return {
            "retry": retry_if_exception(worth_another_try),
            "wait": self._wait,
            "stop": stop_after_attempt(self.retries + 1),
            "before_sleep": self._tell,
            "reraise": True,
        }

    def pause(self, failures: int) -> float:
        """Seconds after so many failures in a row: they double, and differ among clients."""
        seconds = self.backoff * 2.0 ** min(failures - 1, 32)
        return min(seconds, LONGEST_PAUSE_SECONDS) * random.uniform(0.75, 1.25)

    def pause_after(self, error: BaseException | None, failures: int) -> float:
        """The same, unless the service has said when to come again."""
        if isinstance(error, ServiceProblem) and error.retry_after is not None:
            return min(error.retry_after, LONGEST_RETRY_AFTER_SECONDS)
        return self.pause(failures)

    def _wait(self, state: RetryCallState) -> float:
        return self.pause_after(_error_of(state), state.attempt_number)

    def _tell(self, state: RetryCallState) -> None:
        error = _error_of(state)
        if self.on_retry is not None and error is not None:
            self.on_retry(error, state.upcoming_sleep)


def worth_another_try(error: BaseException) -> bool:
    """True where the same request may find the service in a better state."""
    if isinstance(error, ServiceProblem):
        return error.status in _PASSING or error.code in _PASSING_CODES
    return isinstance(error, ServiceUnreachable)


def _error_of(state: RetryCallState) -> BaseException | None:
    return None if state.outcome is None else state.outcome.exception()
