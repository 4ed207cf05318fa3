"""A worker's time, shared out among the tasks that it transcribes at the same time."""

import time
from collections.abc import Callable


class Shares:
    """While n tasks run, each gets one n-th of the time: all shares together are the time that the worker was
    busy. Not thread-safe (one event loop)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun: dict[str, float] = {}
        self._each = 0.0
        self._since = clock()

    def begin(self, task_id: str) -> None:
        """The model has been loaded for it: what that took is no cost of a recording."""
        if task_id not in self._begun:
            self._advance()
            self._begun[task_id] = self._each

    def end(self, task_id: str) -> float:
        """Seconds of the worker that fell to the task; none where it never began."""
        if task_id not in self._begun:
            return 0.0
        self._advance()
        return self._each - self._begun.pop(task_id)

    def _advance(self) -> None:
        """Bring up to now what a task that ran all the time would have got."""
        now = self._clock()
        self._each += (now - self._since) / max(1, len(self._begun))
        self._since = now
