"""Transcripts as OpenAI's audio API sends them."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from app.api.openai.wishes import AnswerFormat, Wishes
from app.core.languages import LANGUAGES
from app.formats.formats import render
from app.schemas.form import TranscriptFormat
from app.schemas.task import TaskKind

RENDERED = {
    AnswerFormat.TEXT: TranscriptFormat.TEXT,
    AnswerFormat.SRT: TranscriptFormat.SRT,
    AnswerFormat.VTT: TranscriptFormat.VTT,
}

SEGMENT_FIELDS = (
    *("id", "start", "end", "text"),
    *("temperature", "avg_logprob", "compression_ratio", "no_speech_prob"),
)


def answer_of(result: Mapping[str, Any], wishes: Wishes, task: TaskKind) -> Response:
    """The whole transcript at once; `result` may be a foreign worker's."""
    if wishes.format in RENDERED:
        return Response(render(result, RENDERED[wishes.format]), media_type="text/plain")
    if wishes.format is AnswerFormat.VERBOSE_JSON:
        content = verbose_of(result, wishes, task)
    else:
        content = {"text": result["text"], "usage": usage_of(result)}
    return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")


def verbose_of(result: Mapping[str, Any], wishes: Wishes, task: TaskKind) -> dict[str, Any]:
    """`verbose_json`: with segments, words, or both."""
    language = result.get("language")
    segments = [segment for segment in result.get("segments") or () if isinstance(segment, dict)]
    content: dict[str, Any] = {
        "task": str(task),
        "language": LANGUAGES.get(language, language) if isinstance(language, str) else "unknown",
        "duration": result.get("duration") or 0.0,
        "text": result["text"],
        "usage": usage_of(result),
    }
    if wishes.segments:
        content["segments"] = [_segment(segment) for segment in segments]
    if wishes.words:
        content["words"] = [
            {
                "word": word["word"].strip(),
                "start": word["start"],
                "end": word["end"],
                **_channel(word),
            }
            for segment in segments
            for word in segment.get("words") or ()
        ]
    return content


def usage_of(result: Mapping[str, Any]) -> dict[str, Any]:
    """What OpenAI would send a bill for."""
    return {"type": "duration", "seconds": result.get("duration") or 0.0}


def _segment(segment: Mapping[str, Any]) -> dict[str, Any]:
    """A segment with all fields of OpenAI's; tokens are not kept, and `seek` is where the segment begins."""
    known = {name: segment.get(name) for name in SEGMENT_FIELDS}
    numbers = {name: 0.0 if value is None else value for name, value in known.items()}
    start = segment.get("start") or 0.0
    return {**numbers, "seek": int(start * 100), "tokens": [], **_channel(segment)}


def _channel(part: Mapping[str, Any]) -> dict[str, Any]:
    """The channel of a segment or word, where channels were kept apart: OpenAI has no word for it."""
    return {"channel": part["channel"]} if part.get("channel") is not None else {}
