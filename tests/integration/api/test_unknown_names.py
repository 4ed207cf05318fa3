"""A misspelt name is told at once, where it would be swallowed in silence; OpenAI's API leaves it alone."""

import httpx2
import pytest

from tests.integration.api.bad_requests import FORM_TYPE, GOOD, SPEECH, form, text
from tests.support.api import Service

HEADERS = {"Content-Type": FORM_TYPE}


@pytest.mark.parametrize(
    ("query", "content"), [("?modle=base", GOOD), ("", form(SPEECH, text("modle", "base")))]
)
def test_the_nearest_name_is_told(client: httpx2.Client, query: str, content: bytes) -> None:
    problem = client.post(f"/transcribe/{query}", content=content, headers=HEADERS).json()

    assert problem["detail"] == "There is no parameter 'modle' here; the nearest is `model`."
    assert problem["parameter"] == "modle"
    assert {"model", "language", "word_timestamps"} <= set(problem["choices"])


def test_where_none_is_near_all_are_told(client: httpx2.Client) -> None:
    problem = client.post("/transcribe/?karaoke=true", content=GOOD, headers=HEADERS).json()
    assert problem["detail"].startswith("There is no parameter 'karaoke' here; choose of: model, trim, ")


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/transcribe/1?formt=srt", "format"),
        ("/status/1?waits=3", "wait"),
        ("/transcribe/?limits=3", "limit"),
    ],
)
def test_polls_and_lists(client: httpx2.Client, path: str, nearest: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_parameter")
    assert answer.json()["detail"].endswith(f"the nearest is `{nearest}`.")


def test_openais_address_leaves_them_alone(service: Service, client: httpx2.Client) -> None:
    content = form(SPEECH, text("model", "base"), text("modle", "x"), text("include[]", "logprobs"))
    headers = HEADERS | {"Prefer": "respond-async"}
    answer = client.post("/v1/audio/transcriptions?api-version=1", content=content, headers=headers)

    assert answer.status_code == 202, answer.text
    assert service.queued_task().model == "base"


@pytest.mark.parametrize(
    "unknown",
    [
        [text("notes", "x" * 900_000)],
        [text(f"field{number}", "x") for number in range(500)],
        [text("extra", b"\xff\xfe")],
    ],
    ids=["large", "many", "binary"],
)
def test_openais_address_takes_any_amount_of_them(client: httpx2.Client, unknown: list[bytes]) -> None:
    content = form(*unknown, SPEECH, text("model", "base"), *unknown[:100])
    headers = HEADERS | {"Prefer": "respond-async"}
    answer = client.post("/v1/audio/transcriptions", content=content, headers=headers)
    assert answer.status_code == 202, answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [([("keywords[]", "x")] * 1001, "more than 1000 values"), ([("prompt", "x" * 9000)], "longer than 8192")],
)
def test_what_is_read_has_bounds(client: httpx2.Client, fields: list[tuple[str, str]], words: str) -> None:
    content = form(SPEECH, *(text(name, value) for name, value in fields))
    answer = client.post("/v1/audio/transcriptions", content=content, headers=HEADERS)
    assert answer.status_code == 400
    assert words in answer.json()["error"]["message"]
