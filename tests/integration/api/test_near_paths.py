"""Base URLs that are nearly right, and pages elsewhere that may not ask: the answer says what to change."""

from collections.abc import Callable

import httpx2
import pytest

from app.core.config import Settings
from tests.integration.api.bad_requests import FORM_TYPE, SPEECH, form, text
from tests.support.api import Service, serving

HEADERS = {"Content-Type": FORM_TYPE, "Prefer": "respond-async"}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/audio/transcriptions/",
        "/audio/transcriptions",
        "/v1/v1/audio/transcriptions?x=1",
        "/inference",
        "/openai/deployments/base/audio/transcriptions?api-version=2026-01-01",
    ],
)
def test_the_recording_is_taken(service: Service, client: httpx2.Client, path: str) -> None:
    answer = client.post(path, content=form(SPEECH, text("model", "base")), headers=HEADERS)

    assert answer.status_code == 202, answer.text
    assert len(service.queued()) == 1


def test_azures_clients_name_the_model_in_the_path(service: Service, client: httpx2.Client) -> None:
    path = "/openai/deployments/base.en/audio/transcriptions?api-version=1"
    assert client.post(path, content=form(SPEECH), headers=HEADERS).status_code == 202
    assert [task.model for task in service.queued()] == ["base.en"]


def test_models_are_listed_at_both_addresses(client: httpx2.Client) -> None:
    assert client.get("/models").json() == client.get("/v1/models").json()
    assert client.get("/v1/models/openai/whisper-base").json()["root"] == "base"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/transcriptions", "the nearest is POST /v1/audio/transcriptions, see /docs for others."),
        ("/transcription/", "the nearest is GET, POST /transcribe/, see /docs for others."),
        ("/wp-login.php", "see /docs for what there is."),
    ],
)
def test_the_nearest_address_is_told(client: httpx2.Client, path: str, words: str) -> None:
    answer = client.post(path, content=form(SPEECH), headers=HEADERS)
    error = answer.json()

    assert answer.status_code == 404
    assert (error["error"]["message"] if "error" in error else error["detail"]).endswith(words)


@pytest.mark.parametrize("origins", [(), ("https://other.example",)])
def test_a_preflight_that_is_refused_says_what_to_change(
    settings_for: Callable[..., Settings], origins: tuple[str, ...]
) -> None:
    with serving(settings_for(cors_origins=origins)) as service:
        answer = _preflight(service, "https://page.example")
        assert answer.status_code == 403
        assert "'https://page.example'" in answer.text
        assert "CORS_ORIGINS" in answer.text
        if origins:
            assert _preflight(service, origins[0]).status_code == 200


def _preflight(service: Service, origin: str) -> httpx2.Response:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return httpx2.options(f"{service.url}/v1/audio/transcriptions", headers=headers)
