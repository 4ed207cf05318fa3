"""What supervisor and engine process say to each other: one JSON object a line, over a socket pair.

A run is one try at one task, or at fetching its recording. A worker may lose a task and claim it again while
the engine process is still busy with the first run: only the run's id tells whose answer it is.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app.schemas.lending import Loan, Offer, Taken
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


class Help(_Message):
    """Supervisor: help with this task, which another worker has; answer `Helped` or `Failed` in the end."""

    kind: Literal["help"] = "help"
    run_id: int
    task: Task


class Abort(_Message):
    """Supervisor: this run is no longer wanted; answer `Failed` with code `cancelled`, or `Helped`, soon."""

    kind: Literal["abort"] = "abort"
    run_id: int


class Offered(_Message):
    """Supervisor, to `Offering`: whether somebody wants to help."""

    kind: Literal["offered"] = "offered"
    run_id: int
    is_asked: bool


class Given(_Message):
    """Supervisor, to `Taking`: what of these windows is done, or the run's own; None: it cannot be known."""

    kind: Literal["given"] = "given"
    run_id: int
    taken: Taken | None


class Lent(_Message):
    """Supervisor, to `Borrowing`."""

    kind: Literal["lent"] = "lent"
    run_id: int
    loan: Loan


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


class Offering(_Message):
    """Engine process: windows of this run's recording may be lent."""

    kind: Literal["offering"] = "offering"
    run_id: int
    offer: Offer


class Taking(_Message):
    """Engine process: which of these windows are done, and which, as many as `most`, may this run do?"""

    kind: Literal["taking"] = "taking"
    run_id: int
    saved_plan: str
    numbers: tuple[int, ...]
    most: int


class Borrowing(_Message):
    """Engine process: this run helps, and could do so many windows."""

    kind: Literal["borrowing"] = "borrowing"
    run_id: int
    plan: str
    most: int


class GivingBack(_Message):
    """Engine process: these borrowed windows were not begun, and will not be."""

    kind: Literal["giving_back"] = "giving_back"
    run_id: int
    numbers: tuple[int, ...]


class Helped(_Message):
    """Engine process: the end of a run that helped."""

    kind: Literal["helped"] = "helped"
    run_id: int


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


Question = Offering | Taking | Borrowing
"""What the engine process asks of its supervisor, and waits for the reply to: one at a time for each run."""

Reply = Offered | Given | Lent

ToEngine = Run | Fetch | Help | Abort | Reply
FromEngine = (
    Ready | Alive | Window | StageSeconds | Question | GivingBack | Fetched | Finished | Helped | Failed
)

to_engine: TypeAdapter[ToEngine] = TypeAdapter(Annotated[ToEngine, Field(discriminator="kind")])
from_engine: TypeAdapter[FromEngine] = TypeAdapter(Annotated[FromEngine, Field(discriminator="kind")])
