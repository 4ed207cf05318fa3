"""Languages and translations, as clients ask for them."""

from collections.abc import Callable

import httpx2
import pytest

from app.client import Client
from app.core.config import Settings
from app.schemas.task import TaskKind
from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.support.api import ASSETS, Service, serving
from tests.support.serving import PATIENCE_SECONDS

HEADERS = {"Content-Type": FORM_TYPE}


@pytest.mark.parametrize(
    ("query", "language", "languages"),
    [
        ("language=Deutsch", "de", ()),
        ("language=nb", "no", ()),
        ("language=%D1%80%D1%83%D1%81%D1%81%D0%BA%D0%B8%D0%B9", "ru", ()),
        ("languages=de,English", None, ("de", "en")),
        ("languages=de&languages=en", None, ("de", "en")),
        ("languages=fil", "tl", ()),
    ],
)
def test_languages(
    service: Service, client: httpx2.Client, query: str, language: str | None, languages: tuple[str, ...]
) -> None:
    answer = client.post(f"/transcribe/?{query}", content=GOOD, headers=HEADERS)

    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.language, task.languages) == (language, languages)


def test_the_nearest_three_are_given(client: httpx2.Client) -> None:
    problem = client.post("/transcribe/?language=Germn", content=GOOD, headers=HEADERS).json()

    assert problem["parameter"] == "language"
    assert problem["choices"][0] == "de"
    assert len(problem["choices"]) == 3
    assert "de (German)" in problem["detail"]


def test_languages_on_openais_address(service: Service, client: httpx2.Client) -> None:
    address, headers = "/v1/audio/transcriptions", {**HEADERS, "Prefer": "respond-async"}
    answer = client.post(f"{address}?languages=German,en", content=GOOD, headers=headers)

    assert answer.status_code == 202, answer.text
    assert service.queued_task().languages == ("de", "en")


def test_languages_of_the_client(service: Service) -> None:
    with Client(service.url) as client:
        client.submit(ASSETS / "speech_ru.ogg", languages=["ru", "German"])
    assert service.queued_task().languages == ("ru", "de")


def test_a_translation_by_a_model_that_cannot(client: httpx2.Client) -> None:
    problem = client.post("/transcribe/?task=translate&model=turbo", content=GOOD, headers=HEADERS).json()
    assert {"base", "medium", "large"} <= set(problem["choices"])
    assert "TRANSLATE_MODEL" in problem["detail"]

    refused = client.post("/v1/audio/translations", content=GOOD, headers=HEADERS)  # DEFAULT_MODEL is turbo
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "model")
    assert "was not trained to translate" in refused.json()["error"]["message"]


def test_a_translation_by_the_model_for_it(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(translate_model="medium")
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        answer = client.post("/transcribe/?task=translate&model=turbo", content=GOOD, headers=HEADERS)
    assert answer.status_code == 202, answer.text
    task = service.queued_task()
    assert (task.model, task.task) == ("medium", TaskKind.TRANSLATE)


@pytest.mark.parametrize("query", ["task=translate", "language=yue"])
def test_the_form_may_name_a_model_that_can_do_it(settings_for: Callable[..., Settings], query: str) -> None:
    """What the query asks for is checked before the form is read, which may name another model."""
    with (
        serving(settings_for(default_model="distil-large-v2")) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        files = {"file": ("a.ogg", (ASSETS / "speech_ru.ogg").read_bytes())}
        answer = client.post(f"/transcribe/?{query}", files=files, data={"model": "large-v3"})
        assert answer.status_code == 202, answer.text
        assert client.post(f"/transcribe/?{query}", files=files).status_code == 422


def test_a_model_that_knows_one_language(service: Service, client: httpx2.Client) -> None:
    problem = client.post("/transcribe/?model=gigaam-v3&language=en", content=GOOD, headers=HEADERS).json()
    assert (problem["parameter"], problem["choices"]) == ("language", ["ru"])
    assert problem["detail"] == "The model 'gigaam-v3-e2e-rnnt' knows Russian only; choose another."

    answer = client.post("/transcribe/?model=gigaam-v3&language=Russian", content=GOOD, headers=HEADERS)
    assert answer.status_code == 202, answer.text
    assert (service.queued_task().model, service.queued_task().language) == ("gigaam-v3-e2e-rnnt", "ru")


def test_models_that_are_no_whisper_are_listed(client: httpx2.Client) -> None:
    models = {each["id"]: each for each in client.get("/v1/models").json()["data"]}
    assert "nvidia/parakeet-tdt-0.6b-v3" not in models
    assert "istupakov/gigaam-v3-onnx" in models["gigaam-v3-e2e-rnnt"]["aliases"]
    asked = client.get("/v1/models/nvidia/parakeet-tdt-0.6b-v3").json()
    assert asked["root"] == "nemo-parakeet-tdt-0.6b-v3"
    assert asked["root"] in models
