"""Transcripts as OpenAI's audio API sends them."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from app.api.openai.wishes import AnswerFormat, Wishes
from app.core.languages import LANGUAGES
from app.core.utils import number_within
from app.formats.formats import render
from app.schemas.form import TranscriptFormat
from app.schemas.task import TaskKind

RENDERED = {
    AnswerFormat.TEXT: TranscriptFormat.TEXT,
    AnswerFormat.SRT: TranscriptFormat.SRT,
    AnswerFormat.VTT: TranscriptFormat.VTT,
}

SEGMENT_FIGURES = ("start", "end", "temperature", "avg_logprob", "compression_ratio", "no_speech_prob")

LARGEST = 1e15
"""Beyond, a number is a foreign worker's mistake."""


def answer_of(result: Mapping[str, Any], wishes: Wishes, task: TaskKind) -> Response:
    """The whole transcript at once; `result` may be a foreign worker's."""
    if wishes.format in RENDERED:
        return Response(render(result, RENDERED[wishes.format]), media_type="text/plain")
    if wishes.format is AnswerFormat.VERBOSE_JSON:
        content = verbose_of(result, wishes, task)
    else:
        content = {"text": result["text"], "usage": usage_of(result), **model_of(result)}
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")


def verbose_of(result: Mapping[str, Any], wishes: Wishes, task: TaskKind) -> dict[str, Any]:
    """`verbose_json`: with segments, words, or both."""
    language = result.get("language")
    segments = [each for each in _dicts(result.get("segments")) if isinstance(each.get("text"), str)]
    content: dict[str, Any] = {
        "task": str(task),
        "language": LANGUAGES.get(language, language) if isinstance(language, str) else "unknown",
        "duration": _number(result.get("duration")),
        "text": result["text"],
        "usage": usage_of(result),
        **model_of(result),
    }
    if wishes.segments:
        content["segments"] = [_segment(number, segment) for number, segment in enumerate(segments)]
    if wishes.words:
        words = [word for segment in segments for word in _dicts(segment.get("words"))]
        content["words"] = [_word(word) for word in words if isinstance(word.get("word"), str)]
    return content


def usage_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI would send a bill for."""
    return {"type": "duration", "seconds": _number(result.get("duration"))}


def model_of(result: Mapping[str, Any]) -> dict[str, str]:
    """The model that wrote the transcript: the one asked for may have another name elsewhere."""
    model = result.get("model")
    return {"model": model} if isinstance(model, str) else {}


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
