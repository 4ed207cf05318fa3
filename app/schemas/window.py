"""Windows: the unit of work inside a worker, and of what is saved while a recording is transcribed."""

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from app.schemas.transcript import Segment, Span


class WindowTranscript(BaseModel):
    """What one window of a recording gave; all times are seconds from the start of the recording.

    Windows do not depend on each other: the same window of the same recording is never transcribed twice,
    whatever happens to the worker in between. Workers of any version go on with each other's windows: what
    they are stored under keeps its name.
    """

    model_config = ConfigDict(frozen=True, serialize_by_alias=True)

    number: int = Field(ge=0, description="Place of the window in its recording, from 0.")
    start: float
    end: float
    segments: tuple[Segment, ...] = Field((), description="In order; their ids count within the window.")
    language: str | None = None
    languages: dict[str, float] = Field(
        default_factory=dict, description="The likeliest languages and their probabilities, where asked."
    )
    retries: int = Field(0, description="How often it was decoded again because an answer was doubtful.")
    engine_seconds: float = Field(0, description="Its share of the time that its batch took.")
    batch_slots: float = Field(
        0,
        validation_alias=AliasChoices("batch_slots", "batch_places"),
        serialization_alias="batch_places",
        description="Its share of the slots that its batch had; its former name is that in Redis.",
    )
    noise: bool = Field(False, description="Its text was thrown away: nobody speaks there.")
    speech: float = Field(0, description="Seconds of it in which speech was detected.")
    uncovered: tuple[Span, ...] = Field((), description="Speech for which no words were found.")
    channel: int | None = Field(
        None,
        exclude_if=lambda channel: channel is None,
        description="Channel that it is of, from 0, where channels are kept apart.",
    )

    @property
    def text(self) -> str:
        """The text of its segments, as they follow each other."""
        return "".join(segment.text for segment in self.segments)


class Checkpoint(BaseModel):
    """The windows of a task that are done, in the order of their numbers.

    `plan` names everything they depend on but the recording: who continues with another plan starts anew.
    """

    model_config = ConfigDict(frozen=True)

    plan: str
    windows: tuple[WindowTranscript, ...] = ()


class WindowDone(BaseModel):
    """A window that has just been finished, on its way to where progress is kept."""

    model_config = ConfigDict(frozen=True)

    plan: str = Field(description="As in `Checkpoint`.")
    window: WindowTranscript
    covered: float = Field(
        ge=0, description="Seconds of the recording that it accounts for: its own and the silence before it."
    )
    duration: float | None = Field(None, description="Length of the recording, where it is known by now.")
