"""What a client of Deepgram asks for, in that service's words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.core.config import Settings
from app.core.errors import InvalidParameter, UnknownModel
from app.core.validation import parse_flag, parse_number, single_value
from app.schemas.task import ChannelMode, Priority
from app.services.options import Options, parse_options
from app.weights.model_choice import named_model

FLAGS = ("utterances", "diarize", "punctuate", "smart_format", "multichannel", "detect_language")
WORDS = ("keywords", "keyterm")
FIELDS = (
    *("model", "language", "callback", "encoding", "sample_rate", "channels", "priority", "url"),
    *(*FLAGS, *WORDS),
)
"""Parameters that are read; others are left alone. `punctuate` and `smart_format` are always on."""

OWN_PREFIX = "whisper"
"""Deepgram calls its Whisper models `whisper-large` and so on; its own models stand for DEFAULT_MODEL."""


@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """What concerns the answer."""

    utterances: bool
    diarize: bool


@dataclass(frozen=True, slots=True)
class Encoding:
    """Samples that come without a header."""

    name: str
    sample_rate: int
    channels: int


def parse_response_options(values: Mapping[str, Sequence[str]]) -> ResponseOptions:
    """The parameters that concern the answer. Raises InvalidParameter."""
    return ResponseOptions(utterances=_flag(values, "utterances"), diarize=_flag(values, "diarize"))


def parse_encoding(values: Mapping[str, Sequence[str]]) -> Encoding | None:
    """How the samples are written, where there is no header. Raises InvalidParameter."""
    name = single_value("encoding", values["encoding"])
    if name is None:
        return None
    rate, channels = (single_value(each, values[each]) for each in ("sample_rate", "channels"))
    return Encoding(
        name.lower(),
        int(parse_number("sample_rate", rate, least=1, most=1_000_000)) if rate else 8000,
        int(parse_number("channels", channels, least=1, most=64)) if channels else 1,
    )


def deepgram_options(values: Mapping[str, Sequence[str]], settings: Settings) -> Options:
    """The parameters that concern the recording. Raises InvalidParameter, UnknownModel."""
    for name in FLAGS:
        _flag(values, name)
    parse_encoding(values)
    words = [word.partition(":")[0].strip() for name in WORDS for word in values[name]]
    given: dict[str, Sequence[str]] = {
        "model": _model(values, settings),
        "language": [word for word in values["language"] if word.lower() != "multi"],
        "hotwords": [", ".join(filter(None, words))],
        "word_timestamps": ["true"],
        "channels": [ChannelMode.SPLIT if _flag(values, "multichannel") else ChannelMode.MIX],
        "priority": values["priority"] or [Priority.NORMAL],
        "webhook": values["callback"],
        "url": values["url"],
    }
    return parse_options(given, settings)


def _model(values: Mapping[str, Sequence[str]], settings: Settings) -> list[str]:
    """Deepgram's own models (`nova-3` …) can be had nowhere else: they stand for DEFAULT_MODEL."""
    name = single_value("model", values["model"])
    if name is None:
        return []
    try:
        return [named_model(name, settings)]
    except UnknownModel:
        if name.lower().startswith(OWN_PREFIX):
            raise
        return []


def _flag(values: Mapping[str, Sequence[str]], name: str) -> bool:
    text = single_value(name, values[name])
    try:
        return text is not None and parse_flag(name, text)
    except InvalidParameter:
        if name in ("smart_format", "punctuate", "detect_language"):
            return True  # `detect_language=en` names languages; the others may be versions
        raise
