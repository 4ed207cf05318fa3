"""Tasks over HTTP: read in many ways, listed, followed, removed."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
import redis

from app.core.config import Settings
from tests.support.api import ASSETS, Service
from tests.support.places import tombstone_name
from tests.support.serving import until

RESULT = {
    "text": "Hello <b> & goodbye.",
    "language": "en",
    "duration": 4.0,
    "segments": [
        {"id": 0, "start": 0.0, "end": 2.0, "text": " Hello <b>"},
        {"id": 1, "start": 2.0, "end": 4.0, "text": " & goodbye."},
    ],
}


@pytest.fixture
def task_id(client: httpx2.Client) -> str:
    return post(client)


def post(client: httpx2.Client, **fields: str) -> str:
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    answer = client.post("/transcribe/", files={"file": file}, data=fields)
    assert answer.status_code == 202
    return str(answer.json()["task_id"])


def finish(settings: Settings, task_id: str, result: object = RESULT) -> None:
    """What a foreign worker does."""
    with redis.Redis(port=settings.redis_port) as client:
        client.set(f"{settings.redis_results_prefix}{task_id}", json.dumps(result))


@contextmanager
def finishing(settings: Settings, task_id: str) -> Iterator[None]:
    """The task ends while the block runs."""
    timer = threading.Timer(0.4, finish, (settings, task_id))
    timer.start()
    yield
    timer.join()


@pytest.mark.parametrize(
    ("format", "accept", "media_type", "words"),
    [
        ("text", None, "text/plain", "Hello <b> & goodbye.\n"),
        ("srt", None, "application/x-subrip", "00:00:00,000 --> 00:00:02,000"),
        (None, "text/vtt", "text/vtt", "WEBVTT"),
        (None, "text/plain;q=0.9, text/vtt;q=0.1", "text/plain", "Hello"),
        ("tsv", "text/vtt", "text/tab-separated-values", "0\t2000\tHello <b>"),
        ("json", None, "application/json", '"language":"en"'),
    ],
)
def test_a_transcript_is_had_in_many_formats(
    service: Service,
    client: httpx2.Client,
    task_id: str,
    format: str | None,
    accept: str | None,
    media_type: str,
    words: str,
) -> None:
    finish(service.settings, task_id)
    answer = client.get(
        f"/transcribe/{task_id}",
        params={"format": format} if format else {},
        headers={"Accept": accept} if accept else {},
    )

    assert answer.status_code == 200
    assert answer.headers["content-type"].split(";")[0] == media_type
    assert answer.headers["vary"] == "Accept"
    assert words in answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html,*/*;q=0.8", "image/png"])
def test_whoever_asks_for_nothing_special_is_told_the_state(
    client: httpx2.Client, task_id: str, accept: str
) -> None:
    answer = client.get(f"/transcribe/{task_id}", headers={"Accept": accept})
    told = {"task_id": task_id, "status": "queued", "filename": "talk.ogg", "position": 1}
    assert answer.json() == told


def test_a_transcript_that_is_not_there_yet(client: httpx2.Client, task_id: str) -> None:
    answer = client.get(f"/transcribe/{task_id}?format=srt")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")
    assert int(answer.headers["retry-after"]) >= 1


def test_a_transcript_that_there_will_never_be(service: Service, client: httpx2.Client, task_id: str) -> None:
    finish(service.settings, task_id, {"error": {"code": "broken", "message": "It is broken."}})
    answer = client.get(f"/transcribe/{task_id}?format=text")

    assert (answer.status_code, answer.json()["code"]) == (409, "transcription_failed")
    assert answer.json()["error"] == {"code": "broken", "message": "It is broken."}


def test_an_answer_that_is_known_is_not_sent_again(
    service: Service, client: httpx2.Client, task_id: str
) -> None:
    first = client.get(f"/transcribe/{task_id}")
    headers = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = client.get(f"/transcribe/{task_id}", headers=headers)
    finish(service.settings, task_id)
    changed = client.get(f"/transcribe/{task_id}", headers=headers)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["retry-after"] == first.headers["retry-after"]
    assert changed.status_code == 200
    assert "retry-after" not in changed.headers


def test_who_waits_is_answered_when_the_task_ends(
    service: Service, client: httpx2.Client, task_id: str
) -> None:
    with finishing(service.settings, task_id):
        assert client.get(f"/transcribe/{task_id}?wait=20").json()["status"] == "done"


@pytest.mark.parametrize("query", ["wait=61", "wait=-1", "wait=soon", "format=doc"])
def test_what_cannot_be_asked_for_is_refused(client: httpx2.Client, task_id: str, query: str) -> None:
    answer = client.get(f"/transcribe/{task_id}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")


def test_tasks_are_listed_page_by_page(service: Service, client: httpx2.Client) -> None:
    sent = [post(client, model="base") for _ in range(3)]
    first = client.get("/transcribe/?limit=2").json()
    second = client.get("/transcribe/", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert sorted(task["task_id"] for task in first["tasks"] + second["tasks"]) == sorted(sent)
    assert second["next_cursor"] is None
    assert (first["tasks"][0]["filename"], first["tasks"][0]["model"]) == ("talk.ogg", "base")
    assert client.get("/transcribe/?status=done").json() == {"tasks": [], "next_cursor": None}


def test_nothing_is_left_of_a_task_that_was_removed(
    service: Service, client: httpx2.Client, task_id: str
) -> None:
    finish(service.settings, task_id)
    assert client.delete(f"/transcribe/{task_id}").status_code == 204

    assert (service.files(), service.keys()) == ([tombstone_name(service.settings, task_id)], [])
    for answer in (client.get(f"/transcribe/{task_id}"), client.delete(f"/transcribe/{task_id}")):
        assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")


@pytest.mark.volume
def test_what_cannot_be_removed_now_stays_whole(
    service: Service, client: httpx2.Client, task_id: str
) -> None:
    """Without a tombstone its note would bring the task back.

    A folder in its place stands for a read-only volume, which root could write all the same.
    """
    tombstone = service.settings.outbox_dir / f"{task_id}.deleted"
    (tombstone / "in the way").mkdir(parents=True)
    answer = client.delete(f"/transcribe/{task_id}")
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")
    assert int(answer.headers["retry-after"]) > 0
    assert client.get(f"/transcribe/{task_id}").json()["status"] == "queued"

    shutil.rmtree(tombstone)
    assert client.delete(f"/transcribe/{task_id}").status_code == 204
    assert (service.files(), service.keys()) == ([f".outbox/{tombstone.name}"], [])


def test_a_wrong_method_is_told_all_that_the_address_takes(client: httpx2.Client, task_id: str) -> None:
    answer = client.options(f"/transcribe/{task_id}")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, DELETE")


def test_a_task_is_followed_to_its_end(service: Service, client: httpx2.Client, task_id: str) -> None:
    with (
        finishing(service.settings, task_id),
        client.stream("GET", f"/transcribe/{task_id}/events") as answer,
    ):
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = list(answer.iter_lines())

    assert [line for line in lines if line.startswith("event:")] == ["event: status", "event: done"]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:")]
    assert data[-1]["result"]["text"] == RESULT["text"]


def test_a_task_that_is_not_there_cannot_be_followed(client: httpx2.Client) -> None:
    answer = client.get("/transcribe/nothing/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")


def test_a_client_that_goes_away_is_let_go(service: Service, client: httpx2.Client, task_id: str) -> None:
    before = threading.active_count()
    with client.stream("GET", f"/transcribe/{task_id}/events") as answer:
        next(answer.iter_lines())
    assert client.get(f"/transcribe/{task_id}").status_code == 200
    until(lambda: threading.active_count() <= before + 1)
