"""Addresses that are nearly right."""

import pytest

from app.api.near_paths import right_path

TRANSCRIPTIONS = "/v1/audio/transcriptions"


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/v1/audio/transcriptions/", TRANSCRIPTIONS),
        ("/audio/transcriptions", TRANSCRIPTIONS),
        ("/v1/v1/audio/transcriptions", TRANSCRIPTIONS),
        ("//v1//audio/transcriptions", TRANSCRIPTIONS),
        ("/openai/v1/audio/translations", "/v1/audio/translations"),
        ("/api/v1/audio/transcriptions", TRANSCRIPTIONS),
        ("/v1/audio/transcriptions/audio/transcriptions", TRANSCRIPTIONS),
        ("/openai/deployments/whisper/audio/transcriptions", TRANSCRIPTIONS),
        ("/inference", TRANSCRIPTIONS),
        ("/models", "/v1/models"),
        ("/v1/models/", "/v1/models"),
        ("/openai/v1/models/openai/whisper-base", "/v1/models/openai/whisper-base"),
    ],
)
def test_what_can_only_mean_one_thing(path: str, right: str) -> None:
    assert right_path(path) == right


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/v1", TRANSCRIPTIONS, "/v1/models", "/v1/models/base", "/transcribe/", "/transcribe/models"),
        *("/audio/speech", "/v1/audio/transcriptions/x", "/operator/models/x", "/audio/transcriptionss"),
    ],
)
def test_everything_else_stays(path: str) -> None:
    assert right_path(path) == path
