"""Transcripts as OpenAI's audio API sends them."""

import math
import re
from collections.abc import Mapping
from string import ascii_uppercase
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from app.api.openai.request import ResponseFormat, ResponseOptions
from app.core.languages import LANGUAGES
from app.core.validation import number_within
from app.formats.formats import render
from app.schemas.form import TranscriptFormat
from app.schemas.task import TaskKind

RENDERED = {
    ResponseFormat.TEXT: TranscriptFormat.TEXT,
    ResponseFormat.SRT: TranscriptFormat.SRT,
    ResponseFormat.VTT: TranscriptFormat.VTT,
}

SEGMENT_FIGURES = ("start", "end", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")

LARGEST = 1e15
"""Beyond, a number is a foreign worker's mistake."""

LEAST_PROBABILITY = 1e-9
"""Below, a logarithm would soon be no number that JSON knows."""

_NUMBERED = re.compile(r"S([1-9]|1[0-9]|2[0-6])")


def build_response(result: Mapping[str, Any], options: ResponseOptions, task: TaskKind) -> Response:
    """The whole transcript at once; `result` may be a foreign worker's."""
    if options.format in RENDERED:
        return Response(render(result, RENDERED[options.format]), media_type="text/plain")
    content = json_content(result, options, task)
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")


def json_content(result: Mapping[str, Any], options: ResponseOptions, task: TaskKind) -> dict[str, Any]:
    """The transcript in that of the formats which are JSON that is asked for; `json` where it is none."""
    if options.format is ResponseFormat.VERBOSE_JSON:
        return verbose_json(result, options, task)
    if options.format is ResponseFormat.DIARIZED_JSON:
        return diarized_json(result, task)
    return {
        "text": result["text"],
        "languages": _languages(result),
        "usage": usage_field(result),
        **model_field(result),
        **logprobs_field(result, options),
    }


def verbose_json(result: Mapping[str, Any], options: ResponseOptions, task: TaskKind) -> dict[str, Any]:
    """`verbose_json`: with segments, words, or both."""
    language = result.get("language")
    segments = _segments(result)
    content: dict[str, Any] = {
        "task": str(task),
        "language": LANGUAGES.get(language, language) if isinstance(language, str) else "unknown",
        "duration": _number(result.get("duration")),
        "text": result["text"],
        "usage": usage_field(result),
        **model_field(result),
    }
    if options.segments:
        content["segments"] = [_segment(number, segment) for number, segment in enumerate(segments)]
    if options.words:
        words = [word for segment in segments for word in _dicts(segment.get("words"))]
        content["words"] = [_word(word) for word in words if isinstance(word.get("word"), str)]
    return content | logprobs_field(result, options)


def diarized_json(result: Mapping[str, Any], task: TaskKind) -> dict[str, Any]:
    """`diarized_json`: each segment with its speaker."""
    return {
        "task": str(task),
        "duration": _number(result.get("duration")),
        "text": result["text"],
        "segments": speaker_segments(result),
        "usage": usage_field(result),
        **model_field(result),
    }


def speaker_segments(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Segments as `diarized_json` has them, and a stream in that format sends them."""
    names = {each.get("id"): each.get("name") for each in _dicts(result.get("speakers"))}
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{number}",
            "start": _number(segment.get("start")),
            "end": _number(segment.get("end")),
            "text": segment["text"],
            "speaker": _speaker(segment, names),
        }
        for number, segment in enumerate(_segments(result))
    ]


def logprobs_field(result: Mapping[str, Any], options: ResponseOptions) -> dict[str, Any]:
    """`logprobs`, where they are asked for: of words, since those of single tokens are not kept."""
    if not options.logprobs:
        return {}
    words = [word for segment in _segments(result) for word in _dicts(segment.get("words"))]
    return {"logprobs": [_logprob(word) for word in words if isinstance(word.get("word"), str)]}


def usage_field(result: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI would send a bill for."""
    return {"type": "duration", "seconds": _number(result.get("duration"))}


def model_field(result: Mapping[str, Any]) -> dict[str, str]:
    """The model that wrote the transcript: the one asked for may have another name elsewhere."""
    model = result.get("model")
    return {"model": model} if isinstance(model, str) else {}


def _segments(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [each for each in _dicts(result.get("segments")) if isinstance(each.get("text"), str)]


def _languages(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """Languages that are spoken, that of the beginning first."""
    named = [result.get("language"), *(segment.get("language") for segment in _segments(result))]
    return [{"code": code} for code in dict.fromkeys(each for each in named if isinstance(each, str))]


def _speaker(segment: Mapping[str, Any], names: Mapping[Any, Any]) -> str:
    """Who speaks: whom the transcript names, else each channel's own letter, else one speaker for all.

    Speakers without one of the `names` have letters, as OpenAI gives them: S1 is A.
    """
    speaker, channel = segment.get("speaker"), segment.get("channel")
    if isinstance(speaker, str):
        if isinstance(names.get(speaker), str):
            return str(names[speaker])
        found = _NUMBERED.fullmatch(speaker)
        return ascii_uppercase[int(found[1]) - 1] if found else speaker
    number = channel if isinstance(channel, int) and 0 <= channel < len(ascii_uppercase) else 0
    return ascii_uppercase[number]


def _logprob(word: Mapping[str, Any]) -> dict[str, Any]:
    text = word["word"].encode(errors="replace")
    probability = number_within(word.get("probability"), 0, 1) or 0.0
    return {
        "token": word["word"],
        "bytes": list(text),
        "logprob": math.log(max(probability, LEAST_PROBABILITY)),
    }


def _segment(number: int, segment: Mapping[str, Any]) -> dict[str, Any]:
    """A segment with all fields of OpenAI's; tokens are not kept, and `seek` is where the segment begins."""
    figures = {name: _number(segment.get(name)) for name in SEGMENT_FIGURES}
    seek = int(figures["start"] * 100)
    return {"id": number, "text": segment["text"], **figures, "seek": seek, "tokens": [], **_channel(segment)}


def _word(word: Mapping[str, Any]) -> dict[str, Any]:
    times = {name: _number(word.get(name)) for name in ("start", "end")}
    return {"word": word["word"].strip(), **times, **_channel(word)}


def _channel(part: Mapping[str, Any]) -> dict[str, Any]:
    """The channel of a segment or word, where channels were kept apart: OpenAI has no word for it."""
    channel = part.get("channel")
    return {"channel": channel} if isinstance(channel, int) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    """Those items of a list that may be segments or words: a foreign worker may have written anything."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: object) -> float:
    return number_within(value, -LARGEST, LARGEST) or 0.0
