"""What happens to a task, as it is told to those who follow it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.task import TaskState


class EventKind(StrEnum):
    """Of what an event tells; `done` and `error` are the last."""

    STATUS = "status"
    PROGRESS = "progress"
    WINDOW = "window"
    DONE = "done"
    ERROR = "error"


class WindowText(BaseModel):
    """Text that has been added to what a task has so far."""

    model_config = ConfigDict(frozen=True)

    number: int = Field(description="Of the window, from 0; they come in order.")
    start: float
    end: float
    text: str
    channel: int | None = Field(None, exclude_if=lambda channel: channel is None)


class TaskEvent(BaseModel):
    """One event. `windows` is how many windows have been told of by now: who comes back names it."""

    model_config = ConfigDict(frozen=True)

    kind: EventKind
    windows: int = 0
    state: TaskState | None = None
    window: WindowText | None = None
