"""Windows: the unit of work inside a worker, and of what is saved while a recording is transcribed."""

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.transcript import Segment


class WindowTranscript(BaseModel):
    """What one window of a recording gave; all times are seconds from the start of the recording.

    Windows do not depend on each other: the same window of the same recording is never transcribed twice,
    whatever happens to the worker in between.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=0, description="Place of the window in its recording, from 0.")
    start: float
    end: float
    segments: tuple[Segment, ...] = Field(description="In order; their ids count within the window.")
    language: str | None = None
    languages: dict[str, float] = Field(
        default_factory=dict, description="The likeliest languages and their probabilities, where asked."
    )
    retries: int = Field(0, description="How often it was decoded again because an answer was doubtful.")

    @property
    def text(self) -> str:
        """The text of its segments, as they follow each other."""
        return "".join(segment.text for segment in self.segments)
