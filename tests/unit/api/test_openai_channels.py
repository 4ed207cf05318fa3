"""OpenAI's shapes carry the channel where channels were kept apart, and are as OpenAI's where not."""

from typing import Any

from app.api.openai.request import ResponseFormat, ResponseOptions
from app.api.openai.response import verbose_json
from app.schemas.task import TaskKind

OPTIONS = ResponseOptions(ResponseFormat.VERBOSE_JSON, words=True, segments=True, stream=False)


def _verbose(**channel: int) -> dict[str, Any]:
    word = {"word": " Hello.", "start": 0.0, "end": 1.0, "probability": 1.0, **channel}
    segment = {"id": 0, "start": 0.0, "end": 1.0, "text": " Hello.", "words": [word], **channel}
    return verbose_json({"text": "Hello.", "segments": [segment]}, OPTIONS, TaskKind.TRANSCRIBE)


def test_segments_and_words_name_their_channel() -> None:
    content = _verbose(channel=1)

    assert content["segments"][0]["channel"] == 1
    assert content["words"] == [{"word": "Hello.", "start": 0.0, "end": 1.0, "channel": 1}]


def test_without_channels_nothing_is_added() -> None:
    content = _verbose()

    assert "channel" not in content["segments"][0]
    assert content["words"] == [{"word": "Hello.", "start": 0.0, "end": 1.0}]
