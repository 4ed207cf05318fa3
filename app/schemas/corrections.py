"""What people have corrected in a transcript; the transcript itself stays as it is."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

Index = Annotated[int, Field(ge=0, le=1_000_000)]
SpeakerId = Annotated[str, Field(min_length=1, max_length=100)]
SpeakerName = Annotated[str, Field(min_length=1, max_length=100)]
SegmentText = Annotated[str, Field(max_length=20_000)]


def _filled(text: str) -> str:
    if not text.split():
        raise ValueError("it must hold a word")
    return text


class SpeakerChanges(BaseModel):
    """`names` that people gave to speakers, speakers that were `merged` into another one, and segments that
    were `moved` to one, by ids and by numbers of segments."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    names: dict[SpeakerId, SpeakerName] = {}
    merged: dict[SpeakerId, SpeakerId] = {}
    moved: dict[Index, SpeakerId] = {}

    def final(self, speaker: str) -> str:
        """Whom a speaker was merged into, or the speaker."""
        seen: set[str] = set()
        while speaker in self.merged and speaker not in seen:
            seen.add(speaker)
            speaker = self.merged[speaker]
        return speaker


class Piece(BaseModel):
    """A segment that people made; `speaker` None: whoever says the first segment that it is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Annotated[SegmentText, AfterValidator(_filled)]
    speaker: SpeakerId | None = None


class Regrouping(BaseModel):
    """Neighbouring segments, up to the one with the number `last`, split or joined into `pieces`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last: Index
    pieces: Annotated[tuple[Piece, ...], Field(min_length=1)]


class Corrections(BaseModel):
    """New `texts` of segments by their numbers, from 0 in the order of the result; changes of speakers;
    segments that were `regrouped`, by the number of the first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: dict[Index, SegmentText] = {}
    speakers: SpeakerChanges = SpeakerChanges()
    regrouped: dict[Index, Regrouping] = {}

    @property
    def letters(self) -> int:
        """How much people wrote."""
        pieces = (piece for run in self.regrouped.values() for piece in run.pieces)
        return sum(map(len, self.texts.values())) + sum(len(piece.text) for piece in pieces)


class StoredCorrections(BaseModel):
    """Corrections as they are kept; `version` counts how often they were changed."""

    model_config = ConfigDict(frozen=True)

    version: int
    corrections: Corrections
