"""What the command and its measuring process say to each other: JSON lines over stdin and stdout."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True)

    def line(self) -> bytes:
        """The message as it is written."""
        return self.model_dump_json().encode() + b"\n"


class Job(_Message):
    """What to measure; `settings` are keyword arguments of Settings."""

    model: str
    language: str | None
    audios: tuple[str, ...]
    settings: dict[str, Any]


class Loaded(_Message):
    """The model is in memory."""

    kind: Literal["loaded"] = "loaded"
    device: str
    compute_type: str
    load_seconds: float


class Transcribed(_Message):
    """One recording is done; times in seconds, `peak_memory_mb` that of the process until now.

    `joules` is what the machine's counters told meanwhile, `gpu_peak_mb` the most memory that its GPUs held
    until now; None where it has none.
    """

    kind: Literal["transcribed"] = "transcribed"
    audio: str
    text: str
    language: str | None
    audio_seconds: float
    processing_seconds: float
    peak_memory_mb: float
    joules: float | None = None
    gpu_peak_mb: float | None = None
    warnings: tuple[str, ...] = ()


class Failed(_Message):
    """One recording, or (`audio` None) the model, cannot be used."""

    kind: Literal["failed"] = "failed"
    audio: str | None
    message: str


class Served(_Message):
    """One recording came back from a service; `seconds` from the POST to the answer, of whose result is kept
    what is looked at."""

    kind: Literal["served"] = "served"
    audio: str
    seconds: float
    result: dict[str, Any]


class Ended(_Message):
    """All recordings were tried."""

    kind: Literal["ended"] = "ended"
    peak_memory_mb: float


Event = Annotated[Loaded | Transcribed | Failed | Ended, Field(discriminator="kind")]

to_event: TypeAdapter[Event] = TypeAdapter(Event)
"""Validates one line of the child."""
