"""What quotas refuse, and what they leave alone: a task that was accepted is nobody's to refuse."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.integration.api.tus import begin, go_on, metadata, transcribe
from tests.support.api import ASSETS, Service, serving
from tests.support.serving import until

SPEECH = (ASSETS / "speech_ru.ogg").read_bytes()
ALICE = new_key("alice")
ONE_TASK = "alice:open_tasks=1"


@pytest.fixture
def service(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    settings = settings_for(
        api_keys=(ALICE.entry,),
        key_quotas=(ONE_TASK,),
        default_model="base",
        sync_wait_seconds=0.1,
        maintenance_seconds=0.1,
        left_upload_seconds=0.5,
        resumable_upload_seconds=3.0,
    )
    with serving(settings) as running:
        yield running


@pytest.fixture
def client(service: Service) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, headers={"X-API-Key": ALICE.key}, timeout=30) as http:
        yield http


def post(client: httpx2.Client, key: str) -> httpx2.Response:
    file = {"file": ("talk.ogg", SPEECH)}
    return client.post("/transcribe/", files=file, headers={"Idempotency-Key": key})


def test_a_request_that_comes_again_is_the_same_task(service: Service, client: httpx2.Client) -> None:
    """Its answer was lost; its task has used up the quota."""
    accepted, again, other = post(client, "k"), post(client, "k"), post(client, "other")
    assert (accepted.status_code, again.status_code, other.status_code) == (202, 202, 429)
    assert again.json()["task_id"] == accepted.json()["task_id"]
    assert len(service.queued()) == 1


def test_who_waits_goes_on_waiting(service: Service, client: httpx2.Client) -> None:

    def ask(language: str) -> str:
        form = {"model": "whisper-1", "language": language}
        answer = client.post("/v1/audio/transcriptions", data=form, files={"file": ("a.ogg", SPEECH)})
        return str(answer.json()["error"]["code"])

    assert [ask("ru"), ask("ru"), ask("en")] == [
        "still_transcribing",
        "still_transcribing",
        "quota_exceeded",
    ]
    assert len(service.queued()) == 1


def test_an_upload_that_is_a_task_stays_one(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH)
    answers = [transcribe(client, address) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    refused = client.post("/uploads/", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "9", **metadata()})
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")


def test_who_deletes_a_task_may_send_another_at_once(client: httpx2.Client) -> None:
    deleted = post(client, "k").json()["task_id"]
    assert client.delete(f"/transcribe/{deleted}").status_code == 204
    assert post(client, "other").status_code == 202


def test_a_left_upload_without_room_expires_as_others_do(
    service: Service, client: httpx2.Client, caplog: pytest.LogCaptureFixture
) -> None:
    address = begin(client, None, transcribe="{}")
    assert post(client, "k").status_code == 202
    go_on(client, address, 0, SPEECH)
    until(lambda: "becomes no task" in caplog.text)
    until(lambda: not list(service.settings.upload_dir.glob(".uploads/*.bytes")))
    assert len(service.queued()) == 1
    assert caplog.text.count("becomes no task") == 1
