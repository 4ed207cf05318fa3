"""What a client of OpenAI's audio API asks for, in that API's words.

https://platform.openai.com/docs/api-reference/audio, as of the `openai` package 3.57.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.validation import parse_choice, parse_flag, single_value
from app.services.options import Options, parse_options

GRANULARITIES = "timestamp_granularities"
OWN_FIELDS = ("response_format", GRANULARITIES, "stream", "include", "keywords")
PASSED_ON = (
    *("model", "language", "languages", "prompt", "temperature", "hotwords"),
    *("vad", "track", "channels", "priority"),
    *("diarize", "speakers", "known_speaker_names", "known_speaker_references"),
)
FIELDS = (*PASSED_ON, *OWN_FIELDS)
"""Fields of the form that are read; others are left alone.

Left alone among OpenAI's own: `chunking_strategy` (recordings are always cut at pauses).
"""

_SUBSCRIPT = re.compile(r"\[[^\]]*\]$")


class ResponseFormat(StrEnum):
    """`response_format`."""

    JSON = "json"
    TEXT = "text"
    SRT = "srt"
    VERBOSE_JSON = "verbose_json"
    VTT = "vtt"
    DIARIZED_JSON = "diarized_json"


@dataclass(frozen=True, slots=True)
class ResponseOptions:
    """How the transcript is to be sent."""

    format: ResponseFormat
    words: bool
    segments: bool
    stream: bool
    logprobs: bool = False


def field_name(name: str) -> str:
    """The name of a field without the subscript that marks lists: `languages[]`, `languages[0]`."""
    return _SUBSCRIPT.sub("", name)


def query_values(query: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """What the query says of FIELDS, by their names."""
    values: dict[str, list[str]] = {name: [] for name in FIELDS}
    for name, value in query:
        if field_name(name) in values:
            values[field_name(name)].append(value)
    return values


def parse_response_options(values: Mapping[str, Sequence[str]]) -> ResponseOptions:
    """The fields of the form that concern the answer. Raises InvalidParameter."""
    answer_format = parse_choice(
        "response_format",
        single_value("response_format", values["response_format"]),
        ResponseFormat,
        ResponseFormat.JSON,
    )
    granularities = _words(values[GRANULARITIES])
    unknown = granularities - {"word", "segment"}
    if unknown:
        raise InvalidParameter(
            f"`timestamp_granularities` may be word and segment, not {sorted(unknown)[0]!r:.60}.",
            parameter="timestamp_granularities",
        )
    if granularities and answer_format is not ResponseFormat.VERBOSE_JSON:
        raise InvalidParameter(
            "`timestamp_granularities` needs `response_format` to be verbose_json.",
            parameter="timestamp_granularities",
        )
    streamed = single_value("stream", values["stream"])
    return ResponseOptions(
        format=answer_format,
        words="word" in granularities,
        segments="segment" in granularities or not granularities,
        stream=streamed is not None and parse_flag("stream", streamed),
        logprobs="logprobs" in _words(values["include"]),
    )


def openai_options(values: Mapping[str, Sequence[str]], settings: Settings, task: str) -> Options:
    """The fields that concern the recording. Raises UnknownModel, InvalidParameter."""
    options = parse_response_options(values)
    hotwords = single_value("hotwords", values["hotwords"]) or ""
    needs_words = options.words or options.logprobs
    passed = {
        **{name: values[name] for name in PASSED_ON},
        "hotwords": [", ".join(filter(None, map(str.strip, [hotwords, *values["keywords"]])))],
        "task": [task],
        "word_timestamps": [str(needs_words)],
    }
    if options.format is ResponseFormat.DIARIZED_JSON and not values["diarize"]:
        passed["diarize"] = ["true"]
    return parse_options(passed, settings)


def _words(values: Iterable[str]) -> frozenset[str]:
    """Words of a list that came as several fields, as one (`word,segment`) or in JSON."""
    return frozenset(word for value in values for word in re.split(r"[\s,\[\]\"']+", value) if word)
