"""What the client is given and what it gives, where `app.schemas` has no word for it."""

from collections.abc import Sequence
from typing import TypedDict

from pydantic import BaseModel, ConfigDict

from app.schemas.task import ChannelMode, Priority, TaskKind, TaskStatus, TrackChoice


class SubmitOptions(TypedDict, total=False):
    """What may be asked of a recording; None and what is left out is the service's choice."""

    model: str | None
    language: str | None
    languages: Sequence[str] | None
    task: TaskKind | None
    prompt: str | None
    hotwords: str | None
    word_timestamps: bool | None
    trim: float | None
    temperature: float | None
    vad: bool | None
    track: int | TrackChoice | None
    channels: ChannelMode | None
    diarize: bool | None
    speakers: int | str | None
    priority: Priority | None
    again_of: str | None
    webhook: str | None
    reuse: bool | None
    summary: bool | None


class SearchOptions(TypedDict, total=False):
    """What bounds a search; None and what is left out: nothing. Times as `GET /search` takes them, lengths in
    seconds. `from_` is `from`, which is a word of Python's own."""

    tag: str | None
    speaker: str | None
    from_: str | None
    to: str | None
    language: str | None
    min_duration: float | None
    max_duration: float | None


class Submitted(BaseModel):
    """The task that a recording became."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: TaskStatus


class ModelEntry(BaseModel):
    """A model that the service offers."""

    model_config = ConfigDict(frozen=True)

    id: str


class ModelList(BaseModel):
    """All of them."""

    model_config = ConfigDict(frozen=True)

    data: tuple[ModelEntry, ...]
