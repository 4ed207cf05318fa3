"""What the docs promise."""

from typing import Any

import pytest

from app.api.app import create_app
from app.core.config import Settings
from app.services.options import OPTIONS


@pytest.fixture
def schema(settings: Settings) -> dict[str, Any]:
    return create_app(settings).openapi()


def test_every_route_is_there_and_described(schema: dict[str, Any]) -> None:
    assert set(schema["paths"]) == {
        "/transcribe/",
        "/transcribe/{task_id}",
        "/uploads/",
        "/uploads/direct",
        "/uploads/{upload_id}",
        "/transcribe/{task_id}/events",
        "/status/{task_id}",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/models",
        "/v1/models/{name}",
        "/v1/listen",
        "/asr",
        "/detect-language",
        "/status",
        "/transcribe/{task_id}/corrections",
        "/transcribe/{task_id}/details",
        "/transcribe/{task_id}/versions",
        "/transcribe/{task_id}/summary",
        "/search",
        "/failures",
        "/transcribe/{task_id}/audio",
        "/export",
        "/transcribe/{task_id}/shares",
        "/transcribe/{task_id}/shares/{share_id}",
        "/shared/{token}/result",
        "/shared/{token}/transcript",
        "/shared/{token}/audio",
        "/transcribe/{task_id}/retry",
        "/operator/overview",
        "/usage",
        "/operator/usage",
        "/operator/dead",
        "/operator/dead/{reference}",
        "/operator/dead/{reference}/requeue",
        "/metrics",
        "/health/live",
        "/health/ready",
    }
    for path in schema["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]
            assert operation["tags"]


def test_the_upload_is_documented_though_parsed_by_hand(schema: dict[str, Any]) -> None:
    upload = schema["paths"]["/transcribe/"]["post"]
    form = upload["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert set(form["properties"]) == {"file", *OPTIONS}
    assert [parameter["name"] for parameter in upload["parameters"]] == list(OPTIONS)
    assert set(upload["responses"]) == {
        *("202", "400", "401", "404", "408", "409", "413", "415", "422", "423", "429", "503", "507"),
        "default",
    }


def test_every_error_has_the_problem_schema_and_an_example(schema: dict[str, Any]) -> None:
    upload = schema["paths"]["/transcribe/"]["post"]["responses"]
    for status, response in upload.items():
        if status in ("202", "default"):
            continue
        content = response["content"]["application/problem+json"]
        assert {"type", "title", "status", "detail", "instance", "code"} <= set(
            content["schema"]["properties"]
        )
        assert content["examples"]
        for code, example in content["examples"].items():
            assert example["value"]["code"] == code
            assert example["value"]["status"] == int(status)


def test_every_status_of_a_task_has_an_example(schema: dict[str, Any]) -> None:
    answers = schema["paths"]["/transcribe/{task_id}"]["get"]["responses"]
    examples = answers["200"]["content"]["application/json"]["examples"]
    assert set(examples) == {"queued", "processing", "done", "error"}
    assert set(answers) == {"200", "304", "401", "404", "409", "422", "503", "default"}
