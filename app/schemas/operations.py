"""What operators are told."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.task import TaskKind


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
    audio_seconds: float = Field(
        description="Length of the recordings that wait, where it is known; of more than 1000, from a sample."
    )
    work_seconds: float = Field(
        description="Seconds that one worker would need for all that has not ended: the recordings that are "
        "left times what recordings have cost of late."
    )


class ModelTrouble(_Frozen):
    """A model that a worker cannot have; `lacks`: it does not expect to."""

    model: str
    task: TaskKind
    code: str
    message: str
    lacks: bool


class WorkerTroubles(_Frozen):
    """What a worker cannot use: `storage` says why it does not see the recordings."""

    storage: str | None = None
    models: tuple[ModelTrouble, ...] = ()

    def lacks(self, model: str, kind: TaskKind) -> bool:
        """Whether tasks for that model need not wait for this worker."""
        return any(each.lacks and (each.model, each.task) == (model, kind) for each in self.models)

    @property
    def views(self) -> "tuple[TroubleView, ...]":
        """For people."""
        storage = [TroubleView(kind="storage", message=self.storage)] if self.storage else []
        return (
            *storage,
            *(TroubleView(kind="model", model=each.model, message=each.message) for each in self.models),
        )


class TroubleView(_Frozen):
    """Something that a worker cannot use, so that it leaves tasks to others."""

    kind: Literal["storage", "model"] = Field(
        description="`storage`: it does not see the recordings; `model`: it cannot load one."
    )
    model: str | None = None
    message: str


class WorkerView(_Frozen):
    """A worker and what it does."""

    worker_id: str
    lease_seconds_left: float = Field(description="Negative: the worker is lost.")
    task_ids: tuple[str, ...]
    troubles: tuple[TroubleView, ...] = Field((), description="What it cannot use.")


class ArchiveView(_Frozen):
    """How much there is in the archive, and how much there may be."""

    transcripts: int
    used_bytes: int
    limit_bytes: int = Field(description="ARCHIVE_MAX_MB; 0: none.")
    nearly_full: bool = Field(description="Whether the oldest transcripts will soon be removed.")


class Overview(_Frozen):
    """Everything at one moment."""

    queue: QueueFigures
    workers: tuple[WorkerView, ...]
    totals: dict[str, float] = Field(description="What all workers together have done.")
    pace: dict[str, float] = Field(description="Real-time factor of late, by model.")
    archive: ArchiveView | None = Field(description="Null without an archive, and while it is away.")


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
