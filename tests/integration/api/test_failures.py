"""What failed is told after Redis has forgotten it; what was done is used again."""

import json
from collections.abc import Callable, Iterator
from typing import cast

import httpx2
import pytest
import redis

from app.core.api_keys import new_key
from app.core.config import Settings
from app.schemas.task import Task
from tests.support.api import ASSETS, Service, serving
from tests.support.serving import until

SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
FAILED = {"status": "error", "error": {"code": "audio_undecodable", "message": "Not one second can be read."}}
ALICE, BOB = new_key("alice"), new_key("bob")


@pytest.fixture
def service(archive_settings: Callable[..., Settings]) -> Iterator[Service]:
    settings = archive_settings(
        default_model="base",
        api_keys=(ALICE.entry, BOB.entry),
        maintenance_seconds=0.1,
        keep_ended_seconds=0,
    )
    with serving(settings) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, headers={"X-API-Key": ALICE.key}, timeout=30) as http:
        yield http


def ended(service: Service, client: httpx2.Client, result: object) -> str:
    """The id of a task that a worker has ended, and that Redis has forgotten since."""
    task_id = str(client.post("/transcribe/", files={"file": ("talk.ogg", SPEECH)}).json()["task_id"])
    settings = service.settings
    with redis.Redis(port=settings.redis_port) as plain:
        element = cast(bytes, plain.rpop(settings.redis_queue_name))
        assert Task.model_validate_json(element).task_id == task_id
        plain.set(f"{settings.redis_results_prefix}{task_id}", json.dumps(result))
        until(lambda: service.files() == [])
        names = (settings.redis_queue_name, settings.redis_results_prefix)
        plain.delete(*(key for name in names for key in plain.scan_iter(f"{name}*")))
    return task_id


def test_a_failure_is_told_afterwards(service: Service, client: httpx2.Client) -> None:
    task_id = ended(service, client, FAILED)
    state = client.get(f"/transcribe/{task_id}").json()
    assert (state["status"], state["error"]) == ("error", FAILED["error"])
    for status in ("error", None):
        listed = client.get("/transcribe/", params={"status": status} if status else {}).json()["tasks"]
        assert [(each["task_id"], each["status"], each["title"]) for each in listed] == [
            (task_id, "error", "talk")
        ]
    assert client.get("/transcribe/?status=done").json()["tasks"] == []
    [failure] = client.get("/failures", params={"q": "TALK"}).json()["failures"]
    assert (failure["task_id"], failure["code"], "owner" in failure) == (task_id, "audio_undecodable", False)
    assert client.get("/failures", params={"code": "other"}).json() == {"failures": [], "next_cursor": None}
    assert client.get("/failures", headers={"X-API-Key": BOB.key}).json()["failures"] == []
    assert client.get("/failures?cursor=x").status_code == 422
    retried = client.post(f"/transcribe/{task_id}/retry")
    assert (retried.status_code, retried.json()["code"]) == (409, "cannot_retry")
    assert "no longer here" in retried.json()["detail"]
    assert client.delete(f"/transcribe/{task_id}").status_code == 204
    assert client.get("/failures").json()["failures"] == []
    assert client.get(f"/transcribe/{task_id}").status_code == 404


def test_a_result_is_used_again_after_redis_has_forgotten_it(service: Service, client: httpx2.Client) -> None:
    first = ended(service, client, {"text": "hello", "duration": 4.5})
    again = client.post("/transcribe/", files={"file": ("other name.ogg", SPEECH)}).json()["task_id"]
    state = client.get(f"/transcribe/{again}").json()
    assert (state["status"], state["result"]["text"]) == ("done", "hello")
    assert state["result"]["reused_from"] == first
    others = client.post("/transcribe/", files={"file": SPEECH}, headers={"X-API-Key": BOB.key}).json()
    asked_otherwise = client.post("/transcribe/?language=ru", files={"file": SPEECH}).json()
    for task_id in (others["task_id"], asked_otherwise["task_id"]):
        assert task_id in {task.task_id for task in service.queued()}
    client.delete(f"/transcribe/{first}")
    client.delete(f"/transcribe/{again}")
    third = client.post("/transcribe/", files={"file": SPEECH}).json()["task_id"]
    assert client.get(f"/transcribe/{third}").json()["status"] == "queued"
