"""Tasks: what travels over the queue, and what a client is told about them."""

import time
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.core.scripts import ChineseScript
from app.core.speaker_counts import SpeakerRange, speaker_range
from app.core.validation import number_within

TASK_ID_PATTERN = r"^[A-Za-z0-9._-]{1,128}$"


class TaskStatus(StrEnum):
    """The four public statuses of the wire contract."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"
    ERROR = "error"


class TaskKind(StrEnum):
    """What is made of a recording: what is said in it, or that in English."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Priority(StrEnum):
    """Which of the two lists a task waits in; the high one is emptied first."""

    NORMAL = "normal"
    HIGH = "high"


class TrackChoice(StrEnum):
    """Which of a file's tracks are heard: the first that has speech, or all together."""

    AUTO = "auto"
    MIX = "mix"


TrackNumber = Annotated[int, Field(ge=1)]


class ChannelMode(StrEnum):
    """Whether all channels of a recording make one transcript, or each its own; `auto`: each its own where
    the two channels are the two sides of a call."""

    MIX = "mix"
    SPLIT = "split"
    AUTO = "auto"


LONGEST_SECONDS = 10 * 365 * 86_400.0
"""Ten years: no recording is longer."""

LATEST_TIME = 1e11
"""Unix time: some thousand years from now."""


def _length(value: object) -> float | None:
    return number_within(value, 0, LONGEST_SECONDS) or None


def _speakers(value: object) -> SpeakerRange | None:
    return None if value is None else speaker_range(value)


def _moment(value: object) -> float:
    return number_within(value, 0, LATEST_TIME) or time.time()


class Task(BaseModel):
    """One uploaded recording and what is asked of it: the queue's element, which never changes.

    Only `task_id` and `file_path` are needed, so that a foreign program can LPUSH tasks too; what it leaves
    out falls back to the settings. `file_path` is a path inside UPLOAD_DIR, absolute or relative to it. What
    it only tells (`duration`, `created_at`) is passed over where it makes no sense, and refuses no task.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    task_id: str = Field(pattern=TASK_ID_PATTERN)
    file_path: str = Field(min_length=1)
    model: str | None = None
    trim: float | None = Field(
        None, gt=0, allow_inf_nan=False, description="Transcribe only the first N seconds."
    )
    language: str | None = Field(None, description="Code of the language spoken; None: it is detected.")
    languages: tuple[str, ...] = Field(
        (), description="Codes of the languages that detection chooses among; empty: all."
    )
    script: ChineseScript | None = Field(
        None, description="In which characters Chinese is written; None: as the model does."
    )
    task: TaskKind = TaskKind.TRANSCRIBE
    prompt: str | None = Field(None, description="Text that is taken for what was said before.")
    hotwords: str | None = Field(None, description="Words that are likely to be said.")
    temperature: float = Field(
        0.0, ge=0, le=1, description="Where windows are sampled from the start; 0: beam search."
    )
    word_timestamps: bool = Field(False, description="Tell when each word is said.")
    vad: bool = Field(True, description="Skip silence and music.")
    track: TrackNumber | TrackChoice = Field(
        TrackChoice.AUTO, description="Audio track of the file, from 1; or which."
    )
    channels: ChannelMode = Field(ChannelMode.MIX, description="What is made of several channels.")
    diarize: bool = Field(False, description="Tell who says what.")
    speakers: Annotated[SpeakerRange | None, BeforeValidator(_speakers)] = Field(
        None, description="How many people speak, at least and at most: 3, `2-5` or [2, 5]."
    )
    known_speakers: tuple[str, ...] = Field(
        (), description="Names of those whose voices may be recognised; the clips lie beside the recording."
    )
    priority: Priority = Priority.NORMAL
    url: str | None = Field(None, description="Where a worker fetches the recording from, into `file_path`.")
    webhook: str | None = Field(None, description="Address that is told when the task has ended.")
    again_of: str | None = Field(None, description="Id of the first task of the same recording.")
    summary: bool = Field(False, description="Summarise the transcript once it is archived.")
    fingerprint: str | None = Field(None, description="Name of what is asked of which content.")
    owner: str | None = Field(None, description="Name of the API key that it came with.")
    filename: str | None = Field(None, description="The client's name of the file, for people only.")
    duration: Annotated[float | None, BeforeValidator(_length)] = Field(
        None, description="Length of the recording in seconds, where it is known."
    )
    created_at: Annotated[float, BeforeValidator(_moment)] = Field(
        default_factory=time.time, description="Unix time of the upload."
    )
    traceparent: str | None = Field(None, description="The trace (W3C) that it belongs to.")


ENDED = frozenset({TaskStatus.DONE, TaskStatus.ERROR})
"""Nothing more will happen to such a task by itself."""


class TaskFailure(BaseModel):
    """Why a task ended as `error`."""

    model_config = ConfigDict(frozen=True)

    code: str = Field(examples=["audio_undecodable"])
    message: str = Field(examples=["Not one second of the recording could be decoded."])


class TaskSummary(BaseModel):
    """A task in a list."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: TaskStatus
    created_at: float = Field(description="Unix time of the upload.")
    filename: str | None = Field(None, description="The client's name of the file.")
    title: str | None = Field(
        None, description="As people named it, else the file's name without its extension."
    )
    tags: tuple[str, ...] = ()
    model: str | None = None
    duration: float | None = Field(None, description="Length of the recording in seconds.")


class TaskPage(BaseModel):
    """Some tasks, newest first."""

    model_config = ConfigDict(frozen=True)

    tasks: tuple[TaskSummary, ...]
    next_cursor: str | None = Field(None, description="`cursor` of the page that follows; null: none does.")


class DeliveryState(StrEnum):
    """How the delivery of a webhook stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(BaseModel):
    """The delivery of a task's webhook; `status` is that of the last answer."""

    model_config = ConfigDict(frozen=True)

    state: DeliveryState
    attempts: int
    status: int | None = None


class Summary(BaseModel):
    """A summary, or how far it is: `text` is that of the last one while another is made.

    `error` is that of the last attempt; while the status is `queued` it is tried again.
    """

    model_config = ConfigDict(frozen=True)

    status: TaskStatus
    text: str | None = Field(None, description="Plain text; lines of lists begin with `- `.")
    model: str | None = Field(None, description="Of the text: the chat model that wrote it.")
    created_at: float | None = Field(None, description="Unix time of the text.")
    stale: bool = Field(
        False, description="Whether the transcript was corrected after the text was made from it."
    )
    error: TaskFailure | None = None


class TaskState(BaseModel):
    """What is known about a task: the answer of `GET /transcribe/{task_id}`.

    `result` is a `Transcript` as JSON, or whatever a foreign worker wrote, with at least `text`. Of a task
    that is not finished, what is done so far: None where nothing is, or where it cannot be told.
    """

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: TaskStatus
    filename: str | None = Field(None, description="The client's name of the file, where it gave one.")
    result: dict[str, Any] | None = None
    error: TaskFailure | None = None
    progress: float | None = Field(None, ge=0, le=1, description="Part of the recording that is done.")
    processed_seconds: float | None = Field(None, description="Seconds of the recording that are done.")
    eta_seconds: float | None = Field(None, description="Seconds until the rest is done, at the pace so far.")
    text: str | None = Field(None, description="The text so far; who says it is known at the end only.")
    webhook: Delivery | None = Field(None, description="The delivery of its webhook, where it has one.")
    position: int | None = Field(None, description="Place in the queue, from 1: next.")
    title: str | None = Field(None, description="Of an archived transcript, as lists have it.")
    tags: tuple[str, ...] | None = Field(None, description="Those of an archived transcript, if any.")
    summary: Summary | None = Field(None, description="Of an archived transcript, where one was asked for.")
