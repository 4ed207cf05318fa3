"""What supervisor and engine process say to each other: one JSON object a line, over a socket pair.

A run is one try at one task, or at fetching its recording. A worker may lose a task and claim it again while
the engine process is still busy with the first run: only the run's id tells whose answer it is.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint, WindowDone

MAX_LINE_BYTES = 256 * 1024 * 1024
"""Longest message that is read: far above the transcript of a day of speech."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    def line(self) -> bytes:
        """The message as it goes over the socket."""
        return self.model_dump_json().encode() + b"\n"


class Run(_Message):
    """Supervisor: transcribe this task, going on from `checkpoint`."""

    kind: Literal["run"] = "run"
    run_id: int
    task: Task
    checkpoint: Checkpoint | None = None
    traceparent: str | None = None


class Fetch(_Message):
    """Supervisor: fetch the recording of this task from its address."""

    kind: Literal["fetch"] = "fetch"
    run_id: int
    task: Task
    traceparent: str | None = None


class Abort(_Message):
    """Supervisor: this run is no longer wanted; answer `Failed` with code `cancelled` soon."""

    kind: Literal["abort"] = "abort"
    run_id: int


class Ready(_Message):
    """Engine process: up, and listening."""

    kind: Literal["ready"] = "ready"


class Stage(StrEnum):
    """How far a run is. LOADING: nothing is done for it until the model is in memory, so that an end of the
    process meanwhile is not the recording's fault."""

    READING = "reading"
    LOADING = "loading"
    LOADED = "loaded"


class Alive(_Message):
    """Engine process: the work goes on."""

    kind: Literal["alive"] = "alive"
    run_id: int
    stage: Stage


class Window(_Message):
    """Engine process: a window is finished."""

    kind: Literal["window"] = "window"
    run_id: int
    done: WindowDone


class StageSeconds(_Message):
    """Engine process: how the last seconds were spent, by the names of app.asr.stages."""

    kind: Literal["stage_seconds"] = "stage_seconds"
    seconds: dict[str, float]


class Fetched(_Message):
    """Engine process: the recording is here; `duration` in seconds, where it can be told."""

    kind: Literal["fetched"] = "fetched"
    run_id: int
    duration: float | None = None


class Finished(_Message):
    """Engine process: the task's transcript."""

    kind: Literal["finished"] = "finished"
    run_id: int
    transcript: Transcript


class Failed(_Message):
    """Engine process: the task cannot be finished (this time, where `retryable`)."""

    kind: Literal["failed"] = "failed"
    run_id: int
    failure: TaskFailure
    retryable: bool


ToEngine = Annotated[Run | Fetch | Abort, Field(discriminator="kind")]
FromEngine = Annotated[
    Ready | Alive | Window | StageSeconds | Fetched | Finished | Failed, Field(discriminator="kind")
]

to_engine: TypeAdapter[Run | Fetch | Abort] = TypeAdapter(ToEngine)
from_engine: TypeAdapter[Ready | Alive | Window | StageSeconds | Fetched | Finished | Failed] = TypeAdapter(
    FromEngine
)
