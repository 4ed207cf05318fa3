"""Somebody whose voice may be recognised, by a clip that came with the recording."""

from pydantic import BaseModel, ConfigDict, TypeAdapter


class KnownSpeaker(BaseModel):
    """`clip` is a recording of 2 to 10 s in which nobody else speaks, in base64."""

    model_config = ConfigDict(frozen=True)

    name: str
    clip: str


known_speakers: TypeAdapter[tuple[KnownSpeaker, ...]] = TypeAdapter(tuple[KnownSpeaker, ...])
