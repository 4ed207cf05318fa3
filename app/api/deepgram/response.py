"""Transcripts as Deepgram sends them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import fmean
from typing import Any

from app.api.deepgram.options import ResponseOptions
from app.core.validation import number_within

LARGEST = 1e15


def build_response(task_id: str, result: Mapping[str, Any], options: ResponseOptions) -> dict[str, Any]:
    """The whole answer; `result` may be a foreign worker's."""
    segments = [each for each in _dicts(result.get("segments")) if isinstance(each.get("text"), str)]
    numbers = sorted({_channel(segment) for segment in segments}) or [0]
    channels = [
        _alternatives([each for each in segments if _channel(each) == number], result, options, len(numbers))
        for number in numbers
    ]
    results: dict[str, Any] = {"channels": channels}
    if options.utterances:
        results["utterances"] = [
            _utterance(task_id, number, each, options) for number, each in enumerate(segments)
        ]
    return {"metadata": _metadata(task_id, result, len(channels)), "results": results}


def _metadata(task_id: str, result: Mapping[str, Any], channels: int) -> dict[str, Any]:
    model = str(result.get("model") or "whisper")
    return {
        "transaction_key": "deprecated",
        "request_id": task_id,
        "sha256": "",
        "created": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "duration": _number(result.get("duration")),
        "channels": channels,
        "models": [model],
        "model_info": {model: {"name": model, "version": "", "arch": "whisper"}},
    }


def _alternatives(
    segments: Sequence[Mapping[str, Any]], result: Mapping[str, Any], options: ResponseOptions, channels: int
) -> dict[str, Any]:
    words = [word for segment in segments for word in _words(segment, options)]
    joined = "".join(segment["text"] for segment in segments).strip()
    text = joined if channels > 1 or joined else str(result["text"])
    alternative = {"transcript": text, "confidence": _confidence(words), "words": words}
    language = result.get("language")
    detected = {
        "detected_language": language,
        "language_confidence": _number(result.get("language_probability")),
    }
    return {"alternatives": [alternative], **(detected if isinstance(language, str) else {})}


def _utterance(
    task_id: str, number: int, segment: Mapping[str, Any], options: ResponseOptions
) -> dict[str, Any]:
    words = _words(segment, options)
    return {
        "start": _number(segment.get("start")),
        "end": _number(segment.get("end")),
        "confidence": _confidence(words),
        "channel": _channel(segment),
        "transcript": segment["text"].strip(),
        "words": words,
        "id": f"{task_id}-{number}",
        **_speaker(options),
    }


def _words(segment: Mapping[str, Any], options: ResponseOptions) -> list[dict[str, Any]]:
    found = [word for word in _dicts(segment.get("words")) if isinstance(word.get("word"), str)]
    return [
        {
            "word": word["word"].strip().strip(".,;:!?…").lower(),
            "start": _number(word.get("start")),
            "end": _number(word.get("end")),
            "confidence": _number(word.get("probability")),
            "punctuated_word": word["word"].strip(),
            **_speaker(options),
        }
        for word in found
    ]


def _speaker(options: ResponseOptions) -> dict[str, int]:
    """One speaker, as long as speakers are not told apart; with `multichannel` each channel is one."""
    return {"speaker": 0} if options.diarize else {}


def _confidence(words: Sequence[Mapping[str, Any]]) -> float:
    return fmean(word["confidence"] for word in words) if words else 0.0


def _channel(segment: Mapping[str, Any]) -> int:
    channel = segment.get("channel")
    return channel if isinstance(channel, int) else 0


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: object) -> float:
    return number_within(value, -LARGEST, LARGEST) or 0.0
