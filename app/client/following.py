"""What a client remembers from one request to the next while it follows a task; no I/O happens here."""

import time
from collections.abc import Callable

import httpx2
from pydantic import TypeAdapter, ValidationError

from app.client import calls
from app.client.calls import Call
from app.client.errors import ProtocolBroken, ServiceUnreachable, TaskFailed
from app.client.retries import RetryPolicy
from app.schemas.event import EventKind, TaskEvent, WindowText
from app.schemas.task import TaskState, TaskStatus

LONG_POLL_SECONDS = 30.0
WATCHED_POLL_SECONDS = 2.0
"""Where progress is to be told: a long poll answers when it is over, whatever happens meanwhile."""

LARGEST_EVENT_BYTES = 256 * 1024 * 1024
"""The last event holds the whole transcript."""

_KINDS = frozenset(EventKind)
_FIELDS = TypeAdapter(dict[str, object])


class Waiting:
    """Long polls until a task has ended."""

    def __init__(
        self, task_id: str, timeout: float | None, on_progress: Callable[[TaskState], None] | None
    ) -> None:
        self._task_id = task_id
        self._on_progress = on_progress
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._poll_ends = 0.0

    def seconds(self) -> float:
        """How long the next poll may take. Raises TimeoutError."""
        longest = LONG_POLL_SECONDS if self._on_progress is None else WATCHED_POLL_SECONDS
        left = longest if self._deadline is None else self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"Task {self._task_id} has not ended in time.")
        seconds = min(longest, left)
        self._poll_ends = time.monotonic() + seconds
        return seconds

    def over(self, state: TaskState) -> bool:
        """Tell the progress; True where the task is done. Raises TaskFailed."""
        if self._on_progress is not None:
            self._on_progress(state)
        if state.status is TaskStatus.ERROR:
            raise failure_of(state)
        return state.status is TaskStatus.DONE

    def pause(self) -> float:
        """Seconds until the next poll: none, unless the service answers at once, not knowing long polls."""
        return min(max(0.0, self._poll_ends - time.monotonic()), 1.0)


class Feed:
    """The events of a task over as many connections as it takes."""

    def __init__(self, task_id: str, policy: RetryPolicy) -> None:
        self.ended = False
        self._task_id = task_id
        self._policy = policy
        self._last_event_id: str | None = None
        self._fruitless = 0

    def call(self) -> Call:
        """Connect, or connect again."""
        return calls.events(self._task_id, self._last_event_id)

    def read(self, sse: httpx2.ServerSentEvent) -> TaskEvent | None:
        """An event as it came; None for what this client does not know. Raises ProtocolBroken."""
        self._fruitless = 0
        self._last_event_id = sse.id or self._last_event_id
        if sse.event not in _KINDS:
            return None
        kind = EventKind(sse.event)
        self.ended = kind in {EventKind.DONE, EventKind.ERROR}
        try:
            if kind is EventKind.WINDOW:
                return TaskEvent(kind=kind, window=WindowText.model_validate_json(sse.data))
            fields = {"task_id": self._task_id} | _FIELDS.validate_json(sse.data)
            return TaskEvent(kind=kind, state=TaskState.model_validate(fields))
        except ValidationError as error:
            raise ProtocolBroken(f"An event of task {self._task_id} cannot be read.") from error

    def pause(self, error: ServiceUnreachable | None) -> float:
        """Seconds before the next connection, after one has ended early. Raises ServiceUnreachable."""
        if error is not None and isinstance(error.__cause__, httpx2.ReadTimeout):
            return 0  # a task that waits in the queue has nothing to tell
        self._fruitless += 1
        if self._fruitless > self._policy.retries:
            raise error or ServiceUnreachable(
                f"The events of task {self._task_id} break off again and again."
            )
        return self._policy.pause(self._fruitless)


def failure_of(state: TaskState) -> TaskFailed:
    """The error of a task that ended as one."""
    if state.error is None:
        return TaskFailed(state.task_id, "task_failed", "The task failed, and the service does not say why.")
    return TaskFailed(state.task_id, state.error.code, state.error.message)
