"""Runs in the engine process, as those see them who wait for their end."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from app.core.errors import DeviceLost, EngineCrashed
from app.schemas.window import WindowDone
from app.worker.messages import Failed, Fetched, Finished, Helped, Question, Reply, Stage

End = Fetched | Finished | Helped | Failed


class EngineLost(EngineCrashed):
    """The engine process ended under the task; `guilty` where no other task can have been the cause.

    `loading`: every task in it only waited for its model, so that loading it was the cause;
    `exit_status` is negative for a signal.
    """

    def __init__(self, detail: str, *, guilty: bool, loading: bool, status: int) -> None:
        super().__init__(detail)
        self.guilty = guilty
        self.loading = loading
        self.exit_status = status


class DeviceLostUnder(DeviceLost):
    """The GPU was lost under the task; `loading`: before its model was in memory, so that its recording
    cannot have been the cause, but its model may be."""

    def __init__(self, detail: str, *, loading: bool) -> None:
        super().__init__(detail)
        self.loading = loading


@dataclass(frozen=True, slots=True)
class Listener:
    """Who hears of a run: `on_alive` that it goes on and how far it is, `on_window` what is done.

    `on_question` answers what it asks of the queue, `on_give_back` hears of borrowed windows that it has not
    begun.
    """

    on_alive: Callable[[Stage], None]
    on_window: Callable[[WindowDone], None]
    on_question: Callable[[Question], Awaitable[Reply]] | None = None
    on_give_back: Callable[[Sequence[int]], None] = lambda _: None


@dataclass(slots=True)
class Pending:
    """A run inside the engine process."""

    task_id: str
    answer: asyncio.Future[End]
    listener: Listener | None
    """Who hears of it; None where it only fetches."""
    stage: Stage = Stage.READING
