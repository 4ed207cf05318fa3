"""What operators are told."""

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class QueueFigures(_Frozen):
    """Tasks by where they are."""

    waiting: int
    high: int = Field(description="Waiting tasks that go first.")
    delayed: int = Field(description="Tasks that wait for another attempt.")
    dead: int = Field(description="Tasks that were given up.")
    running: int
    oldest_seconds: float | None = Field(description="Age of the task that is next.")
    audio_seconds: float = Field(description="Length of the recordings that wait, of the next 1000 tasks.")


class WorkerView(_Frozen):
    """A worker and what it does."""

    worker_id: str
    lease_seconds_left: float = Field(description="Negative: the worker is lost.")
    task_ids: tuple[str, ...]


class Overview(_Frozen):
    """Everything at one moment."""

    queue: QueueFigures
    workers: tuple[WorkerView, ...]
    totals: dict[str, float] = Field(description="What all workers together have done.")
    pace: dict[str, float] = Field(description="Real-time factor of late, by model.")


class DeadLetterView(_Frozen):
    """A task that was given up, and why."""

    reference: str
    task_id: str | None
    filename: str | None
    code: str | None
    message: str | None
    attempts: int
    finished_at: float | None = Field(description="Unix time.")


class DeadLetters(_Frozen):
    """The newest of them."""

    letters: tuple[DeadLetterView, ...]
