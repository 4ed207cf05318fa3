"""What a client of OpenAI's audio API asks for, in that API's words.

https://platform.openai.com/docs/api-reference/audio, as of the `openai` package 3.57.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.utils import parse_choice, parse_flag, single_value
from app.services.options import Options, options_of

GRANULARITIES = "timestamp_granularities[]"
OWN_FIELDS = ("response_format", GRANULARITIES, "stream")
PASSED_ON = (
    *("model", "language", "languages", "prompt", "temperature", "hotwords"),
    *("vad", "track", "channels", "priority"),
)
FIELDS = (*PASSED_ON, *OWN_FIELDS)
"""Fields of the form that are read; others, such as `include[]`, are left alone."""


class AnswerFormat(StrEnum):
    """`response_format`."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the transcript is to be sent."""

    format: AnswerFormat
    words: bool
    segments: bool
    stream: bool


def wishes_of(values: Mapping[str, Sequence[str]]) -> Wishes:
    """The fields of the form that concern the answer. Raises InvalidParameter."""
    answer_format = parse_choice(
        "response_format",
        single_value("response_format", values["response_format"]),
        AnswerFormat,
        AnswerFormat.JSON,
    )
    granularities = set(values[GRANULARITIES])
    unknown = granularities - {"word", "segment"}
    if unknown:
        raise InvalidParameter(
            f"`timestamp_granularities` may be word and segment, not {sorted(unknown)[0]!r:.60}.",
            parameter="timestamp_granularities",
        )
    if granularities and answer_format is not AnswerFormat.VERBOSE_JSON:
        raise InvalidParameter(
            "`timestamp_granularities` needs `response_format` to be verbose_json.",
            parameter="timestamp_granularities",
        )
    streamed = single_value("stream", values["stream"])
    stream = streamed is not None and parse_flag("stream", streamed)
    if stream and answer_format is not AnswerFormat.JSON:
        raise InvalidParameter("`stream` needs `response_format` to be json.", parameter="response_format")
    return Wishes(
        format=answer_format,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        stream=stream,
    )


def openai_options(values: Mapping[str, Sequence[str]], settings: Settings, task: str) -> Options:
    """The fields that concern the recording. Raises UnknownModel, InvalidParameter."""
    wishes = wishes_of(values)
    passed = {name: list(values[name]) for name in PASSED_ON}
    return options_of({**passed, "task": [task], "word_timestamps": [str(wishes.words)]}, settings)
