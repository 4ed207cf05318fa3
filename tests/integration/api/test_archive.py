"""Transcripts over HTTP when Redis has forgotten them."""

import json
import re
from collections.abc import Callable, Iterator
from hashlib import sha256

import httpx2
import pytest
import redis

from app.core.config import Settings
from app.queue.keys import Keys
from tests.integration.api.test_tasks import RESULT, finish
from tests.support.api import ASSETS, Service, serving
from tests.support.places import is_plain
from tests.support.serving import PATIENCE_SECONDS, until

FORMATS = ("json", "text", "srt", "vtt", "tsv")
ALICE = {"Authorization": "Bearer key-of-alice"}
BOB = {"Authorization": "Bearer key-of-bob"}
KEYS = tuple(f"{name}:{sha256(f'key-of-{name}'.encode()).hexdigest()}" for name in ("alice", "bob"))

SettingsFor = Callable[..., Settings]


@pytest.fixture
def settings(archive_settings: SettingsFor) -> Settings:
    """Ended tasks are archived at once."""
    return archive_settings(keep_ended_seconds=0, maintenance_seconds=0.05)


def transcribed(service: Service, client: httpx2.Client, **headers: str) -> str:
    """A task that a foreign worker has done; it is archived, and Redis still has it."""
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    answer = client.post("/transcribe/", files={"file": file}, headers=headers)
    task_id = str(answer.json()["task_id"])
    finish(service.settings, task_id)
    until(lambda: not [name for name in service.files() if task_id in name])
    return task_id


def forget(settings: Settings, *task_ids: str) -> None:
    """RESULT_TTL_SECONDS and IDEMPOTENCY_SECONDS are over; a foreign worker took the task off the list."""
    keys = Keys.from_settings(settings)
    with redis.Redis(port=settings.redis_port) as client:
        client.delete(keys.queue)
        for task_id in task_ids:
            client.delete(keys.task(task_id), keys.result(task_id), keys.request_of(task_id))


def answers(client: httpx2.Client, task_id: str) -> list[tuple[str, bytes, str]]:
    """Each way of reading a transcript: its ETag, its bytes, its type."""
    paths = [f"/transcribe/{task_id}", f"/status/{task_id}"]
    paths += [f"/transcribe/{task_id}?format={name}" for name in FORMATS]
    found = [client.get(path) for path in paths]
    assert {answer.status_code for answer in found} == {200}
    return [(answer.headers["etag"], answer.content, answer.headers["content-type"]) for answer in found]


def listed(client: httpx2.Client, **headers: str) -> list[dict[str, object]]:
    tasks: list[dict[str, object]] = client.get("/transcribe/", headers=headers).json()["tasks"]
    return tasks


def test_a_transcript_is_the_same_when_redis_has_forgotten_it(
    service: Service, client: httpx2.Client
) -> None:
    task_id = transcribed(service, client)
    before, list_before = answers(client, task_id), listed(client)
    forget(service.settings, task_id)

    assert answers(client, task_id) == before
    assert listed(client) == list_before
    unchanged = client.get(f"/transcribe/{task_id}", headers={"If-None-Match": before[0][0]})
    assert unchanged.status_code == 304
    events = client.get(f"/transcribe/{task_id}/events").text
    assert events.startswith("event: done")
    assert json.loads(before[0][1])["result"] == RESULT


def test_an_idempotency_key_stands_for_an_archived_task(service: Service, client: httpx2.Client) -> None:
    key = {"Idempotency-Key": "once"}
    task_id = transcribed(service, client, **key)
    forget(service.settings, task_id)
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    again = client.post("/transcribe/", files={"file": file}, headers=key)
    assert again.json()["task_id"] == task_id


def test_what_is_deleted_is_gone_everywhere(service: Service, client: httpx2.Client) -> None:
    in_redis, archived = transcribed(service, client), transcribed(service, client)
    forget(service.settings, archived)
    for task_id in (in_redis, archived):
        assert client.delete(f"/transcribe/{task_id}").status_code == 204
        assert client.get(f"/transcribe/{task_id}").status_code == 404
        assert client.delete(f"/transcribe/{task_id}").status_code == 404
    assert listed(client) == []
    until(lambda: service.files() == [])
    forget(service.settings, in_redis)
    for task_id in (in_redis, archived):
        assert client.get(f"/transcribe/{task_id}").status_code == 404


def test_the_archive_and_the_disks_are_in_the_metrics(service: Service, client: httpx2.Client) -> None:
    transcribed(service, client)
    figures = client.get("/metrics").text
    assert "transcriber_archive_up 1.0" in figures
    assert "transcriber_archive_transcripts 1.0" in figures
    assert "transcriber_archive_limit_bytes 0.0" in figures
    until(lambda: "transcriber_tasks_archived_total 1.0" in client.get("/metrics").text)
    bytes_of = dict(re.findall(r"^transcriber_disk_(\S+) (\S+)$", figures, re.MULTILINE))
    is_file = service.settings.database_url is None
    assert ('free_bytes{folder="data"}' in bytes_of) == is_file, "with PostgreSQL nothing lies there"
    assert ('free_bytes{folder="uploads"}' in bytes_of) == is_plain(service.settings), "a bucket has no end"
    assert all(float(value) > 0 for name, value in bytes_of.items() if name.startswith("free"))
    assert float(bytes_of["min_free_bytes"]) == service.settings.min_free_disk_bytes


@pytest.fixture
def private(archive_settings: SettingsFor) -> Iterator[tuple[Service, httpx2.Client]]:
    """A service with keys."""
    settings = archive_settings(keep_ended_seconds=0, maintenance_seconds=0.05, api_keys=KEYS)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield service, client


def test_an_archived_task_is_seen_by_its_owner_alone(private: tuple[Service, httpx2.Client]) -> None:
    service, client = private
    task_id = transcribed(service, client, **ALICE)
    forget(service.settings, task_id)

    assert client.get(f"/transcribe/{task_id}", headers=ALICE).status_code == 200
    assert [each["task_id"] for each in listed(client, **ALICE)] == [task_id]
    assert listed(client, **BOB) == []
    for path in (f"/transcribe/{task_id}", f"/transcribe/{task_id}?format=srt", f"/status/{task_id}"):
        assert client.get(path, headers=BOB).status_code == 404
    assert client.delete(f"/transcribe/{task_id}", headers=BOB).status_code == 404
    assert client.delete(f"/transcribe/{task_id}", headers=ALICE).status_code == 204


def test_an_archive_that_is_away_costs_only_what_it_alone_has(settings_for: SettingsFor) -> None:
    settings = settings_for(maintenance_seconds=0.05)
    settings.data_dir.write_text("a file")
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
        task_id = client.post("/transcribe/", files={"file": file}).json()["task_id"]
        finish(settings, task_id)
        assert client.get(f"/transcribe/{task_id}").json()["status"] == "done"
        assert [each["task_id"] for each in listed(client)] == [task_id]
        refused = client.get("/transcribe/unknown")
        assert (refused.status_code, refused.json()["code"]) == (503, "archive_unavailable")
        assert int(refused.headers["retry-after"]) > 0
        assert "transcriber_archive_up 0.0" in client.get("/metrics").text
        assert client.delete(f"/transcribe/{task_id}").status_code == 204


def test_without_an_archive_all_is_as_it_was(settings_for: SettingsFor) -> None:
    settings = settings_for(archive=False, maintenance_seconds=0.05, keep_ended_seconds=0)
    with (
        serving(settings) as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client,
    ):
        task_id = transcribed(service, client)
        assert client.get(f"/transcribe/{task_id}").json()["status"] == "done"
        forget(settings, task_id)
        gone = client.get(f"/transcribe/{task_id}")
        assert (gone.status_code, "kept for 7 days" in gone.json()["detail"]) == (404, True)
        figures = client.get("/metrics").text
        assert "transcriber_archive" not in figures
        assert ('folder="uploads"' in figures, 'folder="data"' in figures) == (
            is_plain(settings),
            False,
        )
    assert not settings.data_dir.exists()
