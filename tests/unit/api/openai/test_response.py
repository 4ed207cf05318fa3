"""Transcripts in OpenAI's form, whatever a foreign worker made of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.audio import TranscriptionDiarized, TranscriptionVerbose

from app.api.openai.request import ResponseFormat, ResponseOptions
from app.api.openai.response import build_response, diarized_json
from app.queue.results import state_of_result
from app.schemas.task import TaskKind
from tests.integration.api.test_foreign import ODD_RESULTS

ALL = [
    ResponseOptions(format, words=True, segments=True, stream=False, logprobs=True)
    for format in ResponseFormat
]

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "start", "end", "text", "word", "words", "temperature"]), inner, max_size=5
        )
    ),
    max_leaves=12,
)
RESULTS = st.fixed_dictionaries(
    {"text": st.text(max_size=20)},
    optional={"segments": VALUES, "duration": VALUES, "language": VALUES, "words": VALUES},
)


def verbose(result: dict[str, Any]) -> TranscriptionVerbose:
    """What OpenAI's own client makes of the answer."""
    answer = build_response(
        result, ResponseOptions(ResponseFormat.VERBOSE_JSON, True, True, False), TaskKind.TRANSCRIBE
    )
    return TranscriptionVerbose.model_validate(json.loads(bytes(answer.body), parse_constant=pytest.fail))


@pytest.mark.parametrize("stored", ODD_RESULTS.values(), ids=ODD_RESULTS)
def test_an_odd_result_is_told(stored: str) -> None:
    result = state_of_result("t", stored.encode()).result
    assert result is not None
    for options in ALL:
        assert build_response(result, options, TaskKind.TRANSCRIBE).status_code == 200
    verbose(result)


@given(RESULTS)
def test_no_result_is_too_odd_for_openais_client(result: dict[str, Any]) -> None:
    transcription = verbose(result)
    assert transcription.text == result["text"]
    for options in ALL:
        assert build_response(result, options, TaskKind.TRANSCRIBE).status_code == 200


def test_what_is_sound_among_the_odd_is_kept() -> None:
    words = [{"word": " Hello", "start": 0, "end": 0.5}, {"word": 5}]
    result = {"text": "Hello", "segments": [7, {"start": 0, "text": " Hello", "words": words}]}
    transcription = verbose(result)
    assert [(word.word, word.end) for word in transcription.words or ()] == [("Hello", 0.5)]
    assert [segment.text for segment in transcription.segments or ()] == [" Hello"]


def test_speakers_are_named_by_the_transcript_or_by_their_channels() -> None:
    segments = [
        {"start": 0, "end": 1, "text": " Hello."},
        {"start": 1, "end": 2, "text": " Yes?", "channel": 1},
        {"start": 2, "end": 3, "text": " Fine.", "channel": 1, "speaker": "Jane"},
        {"start": 3, "end": 4, "text": " Well.", "channel": 400},
        {"start": 4, "end": 5, "text": " Oh.", "speaker": "S3"},
        {"start": 5, "end": 6, "text": " So.", "speaker": "S4"},
    ]
    speakers = [{"id": "S4", "name": "Joe"}, {"id": "S3", "name": None}]
    content = diarized_json({"text": "", "segments": segments, "speakers": speakers}, TaskKind.TRANSCRIBE)
    assert [segment["speaker"] for segment in content["segments"]] == ["A", "B", "Jane", "A", "C", "Joe"]
    TranscriptionDiarized.model_validate(content)
