"""Summaries over HTTP, made by a chat server of the test's own; off means that no byte leaves."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator

import httpx2
import pytest
import redis

from app.core.config import Settings
from app.formats.about import STALE_SUMMARY
from tests.integration.api.test_corrections import CORRECTIONS, RESULT, SPEECH, save
from tests.support.api import Service, serving
from tests.support.chat_server import ChatStandIn, Reply, chat_server, completion
from tests.support.serving import until

SUMMARY = "They talk about the weather.\n- A walk is planned."


@pytest.fixture
def chat() -> Iterator[ChatStandIn]:
    with chat_server() as stand_in:
        stand_in.usual = lambda _: completion(SUMMARY)
        yield stand_in


def summarising(build: Callable[..., Settings], chat: ChatStandIn, **overrides: object) -> Settings:
    values: dict[str, object] = {
        "default_model": "base",
        "summary_url": chat.url,
        "summary_model": "small",
        "maintenance_seconds": 0.1,
        "retry_backoff_seconds": 0.05,
    }
    return build(**(values | overrides))


def sent(service: Service, client: httpx2.Client, **options: str) -> str:
    """The address of a task that a worker has done."""
    answer = client.post(
        "/transcribe/", params={"reuse": "false"} | options, files={"file": ("talk.ogg", SPEECH.read_bytes())}
    )
    assert answer.status_code == 202, answer.text
    settings, task_id = service.settings, answer.json()["task_id"]
    with redis.Redis(port=settings.redis_port) as plain:
        plain.set(f"{settings.redis_results_prefix}{task_id}", json.dumps(RESULT))
    return str(answer.headers["location"])


def summary_of(client: httpx2.Client, address: str) -> dict[str, object]:
    """The summary once it has ended."""
    until(lambda: client.get(f"{address}/summary").json().get("status") in ("done", "error"))
    return dict(client.get(f"{address}/summary").json())


def test_one_that_was_asked_for_afterwards(
    archive_settings: Callable[..., Settings], chat: ChatStandIn
) -> None:
    with (
        serving(summarising(archive_settings, chat)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        assert client.get("/health/ready").json()["summaries"] is True
        address = sent(service, client)
        missing = client.get(f"{address}/summary")
        assert (missing.status_code, missing.json()["code"]) == (404, "summary_not_found")
        assert "summary" not in client.get(address).json()
        save(client, address, '"0"', CORRECTIONS)
        asked = client.post(f"{address}/summary")
        assert asked.status_code == 202
        found = summary_of(client, address)
        told = (found["status"], found["text"], found["model"], found["stale"])
        assert told == ("done", SUMMARY, "small", False)
        assert "The weather is nice today." in chat.asked[0].text  # as it is corrected
        polled = client.get(address, headers={"If-None-Match": '"x"'})
        assert polled.json()["summary"]["text"] == SUMMARY
        assert client.get(f"{address}?format=json").json()["summary_stale"] is False
        save(client, address, '"1"', {})
        assert client.get(address).json()["summary"]["stale"] is True
        client.post(f"{address}/summary")
        assert summary_of(client, address)["stale"] is False
        save(client, address, '"2"', CORRECTIONS)
        exports(client, address)
        assert client.delete(address).status_code == 204
        assert client.get(f"{address}/summary").status_code == 404


def exports(client: httpx2.Client, address: str) -> None:
    """What files tell of a summary that was made before the last corrections."""
    told = client.get(f"{address}?format=json").json()
    assert (told["summary"], told["summary_stale"]) == (SUMMARY, True)
    markdown = client.get(f"{address}?format=md").text
    written = "## Summary\n\nThey talk about the weather.\n- A walk is planned.\n\n*{}*\n\n## Transcript\n"
    assert written.format(STALE_SUMMARY) in markdown
    docx = client.get(f"{address}?format=docx").content
    document = zipfile.ZipFile(io.BytesIO(docx)).read("word/document.xml").decode()
    assert document.index("They talk about the weather.") < document.index("A walk is planned.")
    assert (
        document.index("A walk is planned.") < document.index(STALE_SUMMARY) < document.index("We will walk.")
    )
    link = client.post(f"{address}/shares").json()["address"]
    shared = client.get(f"{link}/result").json()
    assert (shared["summary"], shared["summary_stale"]) == (SUMMARY, True)
    assert (
        client.get(f"{link}/transcript?format=md").text
        == client.get(f"{address}?format=md&corrected=true").text
    )
    task_id = address.rpartition("/")[2]
    packed = client.post("/export", json={"task_ids": [task_id], "formats": ["md"]}).content
    bundle = zipfile.ZipFile(io.BytesIO(packed))
    assert written.format(STALE_SUMMARY) in bundle.read(bundle.namelist()[0]).decode()


def test_one_that_was_asked_for_with_the_recording(
    settings_for: Callable[..., Settings], chat: ChatStandIn
) -> None:
    chat.replies = [Reply(429), Reply(200, b"garbage"), Reply(500)]
    with serving(summarising(settings_for, chat)) as service, httpx2.Client(base_url=service.url) as client:
        address = sent(service, client, summary="true")
        until(lambda: "summary" in client.get(address).json())
        assert summary_of(client, address)["text"] == SUMMARY
        assert len(chat.asked) == 4
        until(lambda: client.get(address).json()["summary"]["status"] == "done")
        reused = client.post("/transcribe/", params={"summary": "true"}, files={"file": SPEECH.read_bytes()})
        assert reused.status_code == 202  # nothing of the transcript depends on it


def test_failures_are_named_and_harm_nothing_else(
    settings_for: Callable[..., Settings], chat: ChatStandIn
) -> None:
    settings = summarising(settings_for, chat, summary_attempts=2)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = sent(service, client)
        for replies, code in (
            ([Reply(404, b"no such model")], "summary_refused"),
            ([Reply(503), Reply(503)], "summary_unreachable"),
            ([Reply(content=b"{}"), Reply(content=b"{}")], "summary_unreadable"),
        ):
            chat.replies = list(replies)
            client.post(f"{address}/summary")
            until(lambda: client.get(f"{address}/summary").json()["status"] == "error")
            assert client.get(f"{address}/summary").json()["error"]["code"] == code
            assert chat.replies == []
        state = client.get(address).json()
        assert (state["status"], state["result"]["text"]) == ("done", RESULT["text"])
        assert "## Summary" not in client.get(f"{address}?format=md").text


def test_the_transcript_waits_for_no_summary(
    settings_for: Callable[..., Settings], chat: ChatStandIn
) -> None:
    chat.held = True
    with serving(summarising(settings_for, chat)) as service, httpx2.Client(base_url=service.url) as client:
        address = sent(service, client, summary="true")
        until(lambda: chat.asked)
        state = client.get(address).json()
        assert (state["status"], state["summary"]["status"]) == ("done", "processing")
        assert client.get(f"{address}/summary").headers["retry-after"] == "3"
        chat.go.set()
        assert summary_of(client, address)["status"] == "done"


def test_off_means_that_no_byte_leaves(settings_for: Callable[..., Settings], chat: ChatStandIn) -> None:
    settings = summarising(settings_for, chat, summary_url="")
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        refused = client.post("/transcribe/", params={"summary": "true"}, files={"file": SPEECH.read_bytes()})
        assert (refused.status_code, refused.json()["parameter"]) == (422, "summary")
        address = sent(service, client)
        off = client.post(f"{address}/summary")
        assert (off.status_code, off.json()["code"]) == (404, "summary_off")
        assert client.get("/health/ready").json()["summaries"] is False
        until(lambda: client.get(address).json()["status"] == "done")
    assert chat.asked == []


def test_without_an_archive_there_is_none(settings_for: Callable[..., Settings], chat: ChatStandIn) -> None:
    settings = summarising(settings_for, chat, archive=False)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = sent(service, client)
        assert client.post(f"{address}/summary").json()["code"] == "archive_off"


def test_an_api_that_dies_is_followed_by_another(
    settings_for: Callable[..., Settings], chat: ChatStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends in the middle of a request: what was answered is kept, and the next one asks for the rest."""
    monkeypatch.setattr("app.services.summary_service.SPARE_SECONDS", 0.1)
    settings = summarising(settings_for, chat, summary_timeout_seconds=0.5, summary_input_characters=1000)
    chat.held = True
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = sent(service, client)
        client.post(f"{address}/summary")
        until(lambda: chat.asked)
    chat.held = False
    chat.go.set()
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        assert summary_of(client, address)["text"] == SUMMARY
