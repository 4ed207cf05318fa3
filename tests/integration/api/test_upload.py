"""Good uploads: what is stored, what is queued, what the client is told."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest
import redis

from app.core.config import Settings
from tests.integration.api.bad_requests import FORM_TYPE, SPEECH, form, part, text, upload
from tests.support.api import ASSETS, Service, serving

SPEECH_BYTES = (ASSETS / "speech_ru.ogg").read_bytes()


def send(client: httpx2.Client, *parts: bytes, query: str = "") -> httpx2.Response:
    return client.post(f"/transcribe/{query}", content=form(*parts), headers={"Content-Type": FORM_TYPE})


@pytest.mark.parametrize("path", ["/transcribe/", "/transcribe"])
def test_a_recording_is_stored_and_queued(service: Service, client: httpx2.Client, path: str) -> None:
    answer = client.post(path, files={"file": ("Речь 1.OGG", SPEECH_BYTES)})

    assert answer.status_code == 202
    task_id = answer.json()["task_id"]
    assert answer.json() == {"task_id": task_id, "status": "queued"}
    assert answer.headers["location"] == f"/transcribe/{task_id}"
    assert service.files() == [f".outbox/{task_id}.json", f"{task_id}.ogg"]
    assert (service.folder / f"{task_id}.ogg").read_bytes() == SPEECH_BYTES
    task = service.queued_task()
    assert task.task_id == task_id
    assert task.file_path == f"{task_id}.ogg"
    assert task.filename == "Речь 1.OGG"
    assert task.model == "large-v3-turbo"
    assert task.trim is None
    assert task.duration == pytest.approx(5.9, abs=0.2)
    told = {"task_id": task_id, "status": "queued", "filename": "Речь 1.OGG", "position": 1}
    for address in (f"/transcribe/{task_id}", f"/status/{task_id}"):
        assert client.get(address).json() == told


@pytest.mark.parametrize(
    ("parts", "query"),
    [
        ((text("model", "base"), text("trim", "2.5"), SPEECH), ""),
        ((SPEECH, text("model", "base"), text("trim", "2.5")), ""),
        ((SPEECH,), "?model=base&trim=2.5"),
        ((SPEECH, text("model", "base")), "?trim=2.5&trim=2.5"),
        ((SPEECH, text("trim", "")), "?model=BASE&trim=2.5"),
    ],
)
def test_model_and_trim_in_query_or_form(
    service: Service, client: httpx2.Client, parts: tuple[bytes, ...], query: str
) -> None:
    assert send(client, *parts, query=query).status_code == 202
    task = service.queued_task()
    assert (task.model, task.trim) == ("base", 2.5)


def test_defaults_come_from_the_settings(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(default_model="small", default_duration=7)
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        send(client, SPEECH)
    task = service.queued_task()
    assert (task.model, task.trim) == ("small", 7)


@pytest.mark.parametrize(
    "name",
    [
        "../../../evil.mp3",
        "/etc/evil.mp3",
        "..\\..\\evil.mp3",
        "C:\\evil.mp3",
        "a\tb.mp3",
        ".mp3",
        "x" * 3000 + ".mp3",
    ],
)
def test_the_clients_name_never_reaches_the_disk(
    service: Service, client: httpx2.Client, tmp_path: Path, name: str
) -> None:
    content = (ASSETS / "speech_en.mp3").read_bytes()
    task_id = send(client, upload(name, content)).json()["task_id"]
    assert service.files() == [f".outbox/{task_id}.json", f"{task_id}.mp3"]
    assert not list(tmp_path.rglob("*evil*"))
    task = service.queued_task()
    assert task.filename is not None
    assert len(task.filename) <= 255
    assert not set(task.filename) & set("/\\\t")


def test_a_name_in_the_form_of_older_clients(service: Service, client: httpx2.Client) -> None:
    disposition = "; name=\"file\"; filename*=utf-8''%D0%B4%D0%B0.ogg"
    assert send(client, part(disposition, SPEECH_BYTES)).status_code == 202
    assert [task.filename for task in service.queued()] == ["да.ogg"]


def test_a_full_queue_refuses_and_leaves_no_file(settings_for: Callable[..., Settings]) -> None:
    with (
        serving(settings_for(max_queue_length=1)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        assert send(client, SPEECH).status_code == 202
        files = service.files()
        answer = send(client, SPEECH)
        assert answer.status_code == 429
        assert answer.json()["code"] == "queue_full"
        assert int(answer.headers["retry-after"]) > 0
        assert service.files() == files


@pytest.mark.volume
def test_a_full_disk_refuses_with_retry_after(settings_for: Callable[..., Settings]) -> None:
    with (
        serving(settings_for(min_free_disk_mb=1_000_000_000)) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        answer = send(client, SPEECH)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert int(answer.headers["retry-after"]) > 0
        assert service.files() == []


@pytest.mark.volume
def test_an_upload_folder_that_is_a_file(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    with (
        serving(settings_for(upload_dir=tmp_path / "occupied")) as service,
        httpx2.Client(base_url=service.url) as client,
    ):
        answer = send(client, SPEECH)
        assert (answer.status_code, answer.json()["code"]) == (503, "storage_unavailable")


def test_results_and_errors_of_any_worker(service: Service, client: httpx2.Client) -> None:
    prefix = service.settings.redis_results_prefix
    with redis.Redis(port=service.settings.redis_port) as worker:
        worker.set(
            f"{prefix}one", json.dumps({"text": "да", "language_probability": None, "x": float("nan")})
        )
        worker.set(f"{prefix}two", json.dumps({"status": "error", "error": {"code": "c", "message": "m"}}))
    assert client.get("/transcribe/one").json() == {
        "task_id": "one",
        "status": "done",
        "result": {"text": "да", "language_probability": None, "x": None},
    }
    assert "да" in client.get("/transcribe/one").text
    assert client.get("/status/two").json() == {
        "task_id": "two",
        "status": "error",
        "error": {"code": "c", "message": "m"},
    }
