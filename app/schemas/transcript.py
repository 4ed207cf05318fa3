"""Transcripts: what an engine and the service make of a recording. All times are seconds from its start."""

from pydantic import BaseModel, ConfigDict, Field


class Word(BaseModel):
    """One spoken word."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    word: str
    probability: float


class Segment(BaseModel):
    """A phrase or sentence as the decoder delimited it.

    `avg_logprob`, `no_speech_prob`, `compression_ratio` and `temperature` are Whisper's own figures
    (Radford et al. 2022, section 4.5), by which a doubtful segment can be told.
    """

    model_config = ConfigDict(frozen=True)

    id: int
    start: float
    end: float
    text: str
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None
    temperature: float | None = None
    words: tuple[Word, ...] | None = Field(None, exclude_if=lambda words: words is None)


class Transcript(BaseModel):
    """The result of a task, as it is stored and served."""

    model_config = ConfigDict(frozen=True)

    text: str
    language: str | None
    language_probability: float | None
    duration: float = Field(description="Seconds of audio that were transcribed.")
    segments: tuple[Segment, ...]
    model: str
    engine: str
    compute_type: str
    device: str
    processing_seconds: float
    trimmed: bool = Field(description="True where `trim` cut the recording short.")
    warnings: tuple[str, ...] = Field(
        (), description="What a reader should know, e.g. that the file is damaged."
    )
