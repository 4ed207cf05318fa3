"""Transcripts: what an engine and the service make of a recording. All times are seconds from its start."""

from pydantic import BaseModel, ConfigDict, Field, computed_field


class Word(BaseModel):
    """One spoken word."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float
    word: str
    probability: float
    channel: int | None = Field(None, exclude_if=lambda channel: channel is None)
    speaker: str | None = Field(None, exclude_if=lambda speaker: speaker is None)


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
    language: str | None = Field(None, exclude_if=lambda language: language is None)
    channel: int | None = Field(
        None,
        exclude_if=lambda channel: channel is None,
        description="Channel that it is said in, from 0, where channels are kept apart.",
    )
    speaker: str | None = Field(
        None,
        exclude_if=lambda speaker: speaker is None,
        description="Id of who says it, as in `speakers`, where that was asked for.",
    )
    words: tuple[Word, ...] | None = Field(None, exclude_if=lambda words: words is None)


class Span(BaseModel):
    """A part of a recording."""

    model_config = ConfigDict(frozen=True)

    start: float
    end: float


class Speaker(BaseModel):
    """Somebody who speaks."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(examples=["S1"], description="S1, S2, … in the order in which they first speak.")
    name: str | None = Field(None, description="That of a known speaker whose voice it is.")
    seconds: float = Field(description="How long this one speaks.")


class SpeakerTurn(Span):
    """Somebody speaks without a longer pause; `overlap`: somebody else does, too, for a part of it."""

    speaker: str
    overlap: bool


class Utterance(Span):
    """What somebody says until somebody else does: segments of the same speaker together."""

    speaker: str | None
    text: str


class Quality(BaseModel):
    """How sure the text is."""

    model_config = ConfigDict(frozen=True)

    windows: int = Field(description="Spans of speech of at most 30 s that the recording was cut into.")
    retried: int = Field(description="Of these, how many were decoded again because an answer was doubtful.")
    noise: int = Field(
        description="Of these, how many gave a text that was thrown away: nobody speaks there."
    )
    low_confidence: tuple[Span, ...] = Field(description="Where words were likely misheard.")
    speech: float = Field(0, description="Seconds in which speech was detected.")
    uncovered: tuple[Span, ...] = Field((), description="Speech for which no words were found.")


class Source(BaseModel):
    """What the recording holds, and what of it was transcribed."""

    model_config = ConfigDict(frozen=True)

    tracks: int = Field(description="Audio tracks of the file.")
    tracks_read: tuple[int, ...] = Field(description="Numbers, from 1, of those that were transcribed.")
    channels: int = Field(description="Channels of these: several tracks that are read count as one each.")
    split: bool = Field(description="Whether each channel has a transcript of its own.")


class Provenance(BaseModel):
    """What a transcript was made with."""

    model_config = ConfigDict(frozen=True)

    encoder_context: str | None = Field(
        None, description="What the encoder heard of a window: `short` or `full` (30 s)."
    )
    encoder_padding: str | None = Field(
        None,
        description="What followed the sound: `silence`, or `suffix` and the beginning of the sum of what "
        "was fitted to the weights to stand for the silence that a short context leaves out.",
    )
    encoder: str | None = Field(
        None,
        exclude_if=lambda encoder: encoder is None,
        description="The library that encoded, with faster-whisper: `ctranslate2` or `torch`.",
    )
    model_digest: str = Field(
        description="`sha256:` and the sum of the weights; with ENGINE=remote, its model's name."
    )
    versions: dict[str, str] = Field(description="Packages that the text depends on.")
    speaker_model_digest: str | None = Field(
        None,
        exclude_if=lambda digest: digest is None,
        description="The same of the network that tells voices apart, with `diarize`.",
    )
    real_time_factor: float | None = Field(description="Processing seconds per second of the recording.")
    batch_limit: int | None = Field(
        None,
        exclude_if=lambda limit: limit is None,
        description="Windows that a batch may have held, with faster-whisper; fewer after memory has run "
        "out.",
    )
    engine_seconds: float = Field(0, description="Of the batches, what fell to this recording.")
    batch_slots: float = Field(
        0, description="The same of their slots: windows over slots is how full they were."
    )
    attempts: int = Field(1, description="How often the task was begun.")
    windows_resumed: int = Field(0, description="Windows that an earlier attempt had finished.")
    windows_lent: int = Field(0, description="Windows that idle workers have transcribed.")

    @computed_field(  # type: ignore[prop-decorator]
        description="Deprecated: the former name of `batch_slots`.", json_schema_extra={"deprecated": True}
    )
    @property
    def batch_places(self) -> float:
        """For readers of an older version, which know no other name."""
        return self.batch_slots


class Transcript(BaseModel):
    """The result of a task, as it is stored and served."""

    model_config = ConfigDict(frozen=True)

    text: str
    language: str | None = Field(
        description="That of the beginning; where another one is spoken later, the segments say so."
    )
    language_probability: float | None
    duration: float = Field(
        description="Seconds of the recording, or of that part of it that was transcribed."
    )
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
    speakers: tuple[Speaker, ...] | None = Field(
        None, exclude_if=lambda speakers: speakers is None, description="Who speaks, with `diarize`."
    )
    turns: tuple[SpeakerTurn, ...] | None = Field(
        None, exclude_if=lambda turns: turns is None, description="Who speaks when, whatever is said."
    )
    utterances: tuple[Utterance, ...] | None = Field(
        None, exclude_if=lambda utterances: utterances is None, description="Who says what, with `diarize`."
    )
    again_of: str | None = Field(
        None,
        exclude_if=lambda task_id: task_id is None,
        description="Id of the first task of the same recording, where this one does it again.",
    )
    source: Source | None = None
    quality: Quality | None = None
    provenance: Provenance | None = None
