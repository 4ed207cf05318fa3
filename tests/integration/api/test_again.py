"""A recording that is transcribed once more, with another model: the service takes its own copy."""

import json
from collections.abc import Callable, Iterator

import httpx2
import pytest
import redis

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import ASSETS, Service, serving

SPEECH = ASSETS / "speech_ru.ogg"


@pytest.fixture
def service(archive_settings: Callable[..., Settings]) -> Iterator[Service]:
    with serving(archive_settings(archive=True, default_model="base")) as running:
        yield running


def send(client: httpx2.Client) -> str:
    answer = client.post("/transcribe/", files={"file": ("talk.ogg", SPEECH.read_bytes())})
    return str(answer.json()["task_id"])


def again(client: httpx2.Client, task_id: str, **fields: str) -> httpx2.Response:
    form = {"again_of": task_id, "model": "small", **fields}
    return client.post("/transcribe/", files=[(name, (None, value)) for name, value in form.items()])


def finish(service: Service, client: httpx2.Client, task_id: str, **more: object) -> None:
    """What a worker does, and the archive afterwards."""
    result = {"text": "Said.", "language": "ru", "segments": [], **more}
    settings = service.settings
    with redis.Redis(port=settings.redis_port) as plain:
        plain.set(f"{settings.redis_results_prefix}{task_id}", json.dumps(result))
    client.patch(f"/transcribe/{task_id}/details", json={}).raise_for_status()


def versions(client: httpx2.Client, task_id: str) -> list[str]:
    return [each["task_id"] for each in client.get(f"/transcribe/{task_id}/versions").json()["versions"]]


def test_the_recording_is_not_sent_again_and_each_version_leads_to_all(
    service: Service, client: httpx2.Client
) -> None:
    first = send(client)
    finish(service, client, first)
    second = str(again(client, first).json()["task_id"])
    [noted] = [each for each in client.get("/transcribe/").json()["tasks"] if each["task_id"] == second]
    assert (noted["model"], noted["filename"], noted["status"]) == ("small", "talk.ogg", "queued")
    assert client.get(f"/transcribe/{second}/audio").content == SPEECH.read_bytes()
    finish(service, client, second, again_of=first)
    third = str(again(client, second, model="medium").json()["task_id"])  # all refer to the first
    with redis.Redis(port=service.settings.redis_port) as plain:
        stored = plain.hget(f"{service.settings.redis_queue_name}:task:{third}", "payload")
    assert json.loads(stored or b"{}")["again_of"] == first
    finish(service, client, third, again_of=first)
    for task_id in (first, second, third):
        assert sorted(versions(client, task_id)) == sorted([first, second, third])
    client.delete(f"/transcribe/{second}").raise_for_status()
    assert sorted(versions(client, first)) == sorted([first, third])


def test_a_file_may_be_sent_where_the_recording_is_gone(service: Service, client: httpx2.Client) -> None:
    first = send(client)
    finish(service, client, first)
    (service.folder / f"{first}.ogg").unlink()
    answer = again(client, first)
    assert (answer.status_code, answer.json()["code"]) == (404, "recording_gone")
    assert not [name for name in service.files() if not name.startswith(".outbox/")]
    sent = client.post(
        "/transcribe/", params={"again_of": first}, files={"file": ("talk.ogg", SPEECH.read_bytes())}
    )
    assert sent.status_code == 202


def test_a_result_that_is_used_again_tells_its_own_first(service: Service, client: httpx2.Client) -> None:
    first = send(client)
    finish(service, client, first)
    with redis.Redis(port=service.settings.redis_port) as plain:
        stored = plain.get(f"{service.settings.redis_results_prefix}{first}")
    assert "again_of" not in json.loads(stored or b"{}")
    same = again(client, first, model="base").json()["task_id"]
    result = client.get(f"/transcribe/{same}").json()["result"]
    assert (result["reused_from"], result["again_of"]) == (first, first)
    plain_copy = send(client)
    assert "again_of" not in client.get(f"/transcribe/{plain_copy}").json()["result"]


def test_what_belongs_to_another_is_not_done_again(archive_settings: Callable[..., Settings]) -> None:
    keys = new_key("alice"), new_key("bob")
    settings = archive_settings(archive=True, api_keys=tuple(key.entry for key in keys))
    with serving(settings) as service:
        mine, other = (httpx2.Client(base_url=service.url, headers={"X-API-Key": each.key}) for each in keys)
        with mine, other:
            first = send(mine)
            finish(service, mine, first)
            for wanted in (first, "nobody", "../x"):
                answer = again(other, wanted)
                assert (answer.status_code, answer.json()["code"]) == (404, "task_not_found")
            assert other.get(f"/transcribe/{first}/versions").status_code == 404
            assert len([name for name in service.files() if name.endswith(".ogg")]) == 1
