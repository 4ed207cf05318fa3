"""Resumable uploads (tus): bytes over lines that break, and the tasks that they become."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from app.core.api_keys import new_key
from app.core.config import Settings
from app.services.receiving import BATCH_BYTES
from app.storage.opening import open_storage
from app.storage.resumable import LocalResumables
from tests.integration.api.tus import (
    BYTES,
    SPEECH,
    VERSION,
    begin,
    content_of,
    go_on,
    metadata,
    offset_of,
    stored,
    transcribe,
    unfinished,
)
from tests.support.api import Service, serving
from tests.support.serving import until


@pytest.fixture
def settings(settings_for: Callable[..., Settings]) -> Settings:
    return settings_for(default_model="base", maintenance_seconds=0.1, left_upload_seconds=3600)


def test_a_recording_comes_in_pieces_and_becomes_a_task(service: Service, client: httpx2.Client) -> None:
    address = begin(client, filename="Речь.OGG", filetype="audio/ogg")
    assert go_on(client, address, 0, SPEECH[:1000]).headers["upload-offset"] == "1000"
    assert offset_of(client, address) == 1000
    assert go_on(client, address, 1000, SPEECH[1000:]).status_code == 204
    answer = transcribe(client, address, language="ru")
    assert answer.status_code == 202
    task = service.queued_task()
    assert answer.json()["task_id"] == task.task_id
    assert (task.filename, task.language) == ("Речь.OGG", "ru")
    assert task.duration == pytest.approx(5.9, abs=0.2)
    assert (service.folder / task.file_path).read_bytes() == SPEECH
    assert not list(service.folder.glob(".uploads/*.bytes"))


def test_what_the_server_can_do_is_told(service: Service, client: httpx2.Client) -> None:
    headers = client.options("/uploads/").headers
    assert headers["tus-version"] == "1.0.0"
    assert "creation" in headers["tus-extension"]
    assert int(headers["tus-max-size"]) == service.settings.max_upload_bytes


def test_an_upload_is_one_task_however_often_it_is_asked_for(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: transcribe(client, address), range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert {answer.json()["task_id"] for answer in answers} == {service.queued_task().task_id}
    late = go_on(client, address, 0, SPEECH)
    assert (late.status_code, late.json()["code"]) == (409, "upload_taken")
    assert late.json()["task_id"] == service.queued_task().task_id


def test_the_first_bytes_may_come_with_the_beginning(client: httpx2.Client) -> None:
    headers = BYTES | {"Upload-Length": str(len(SPEECH))}
    answer = client.post("/uploads/", content=SPEECH[:10], headers=headers)
    assert answer.headers["upload-offset"] == "10"
    assert offset_of(client, answer.headers["location"]) == 10


@pytest.mark.parametrize("is_closed", [True, False])
@pytest.mark.parametrize("asks_first", [True, False])
def test_an_upload_goes_on_after_a_dead_line(
    service: Service, client: httpx2.Client, is_closed: bool, asks_first: bool
) -> None:
    """Where the line was not closed the server still waits for the rest: it must not make the client wait."""
    content = random.Random(1).randbytes(2 * BATCH_BYTES)
    address = begin(client, len(content))
    with unfinished(service, address, content[:-1], len(content)) as line:
        until(lambda: stored(service, address) >= BATCH_BYTES)
        if is_closed:
            line.close()
        offset = offset_of(client, address) if asks_first else BATCH_BYTES
        answer = go_on(client, address, offset, content[offset:])
        if answer.status_code == 409:  # the rest of the first request came to disk as it was cut off
            offset = answer.json()["offset"]
            answer = go_on(client, address, offset, content[offset:])
    assert answer.headers["upload-offset"] == str(len(content))
    assert content_of(service, address) == content


def test_another_process_that_writes_is_waited_for_and_then_named(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.resumable_uploads.LOCK_SECONDS", 0.3)
    address = begin(client)
    lock = open_storage(service.settings).resumables.lock(address.rpartition("/")[2])
    answer = go_on(client, address, 0, SPEECH)
    assert (answer.status_code, answer.json()["code"]) == (423, "upload_locked")
    lock.close()
    assert go_on(client, address, 0, SPEECH).status_code == 204


def test_bytes_that_do_not_follow_are_refused(client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH[:100])
    for offset in (0, 99, 101):
        answer = go_on(client, address, offset, b"x")
        assert (answer.status_code, answer.json()["code"], answer.json()["offset"]) == (
            *(409, "offset_conflict", 100),
        )
    assert offset_of(client, address) == 100


def test_more_bytes_than_announced_are_refused(client: httpx2.Client) -> None:
    address = begin(client, 1000)
    answer = go_on(client, address, 0, SPEECH[:1001])
    assert (answer.status_code, answer.json()["code"]) == (413, "upload_too_large")


def test_too_large_is_told_at_once(settings_for: Callable[..., Settings]) -> None:
    with serving(settings_for(max_upload_mb=1)) as service, httpx2.Client(base_url=service.url) as client:
        answer = client.post("/uploads/", headers=VERSION | {"Upload-Length": str(3 * 2**20)})
        assert (answer.status_code, answer.json()["max_upload_mb"]) == (413, 1)
        address = begin(client, None)
        assert go_on(client, address, 0, bytes(2**20 + 1)).status_code == 413


def test_a_part_is_no_recording(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH[:1000])
    answer = transcribe(client, address)
    assert (answer.status_code, answer.json()["code"], answer.json()["offset"]) == (
        *(409, "upload_incomplete", 1000),
    )
    go_on(client, address, 1000, SPEECH[1000:])
    assert transcribe(client, address, language="xx").status_code == 422
    assert transcribe(client, address).status_code == 202  # what was refused took nothing


def test_what_is_no_recording_stays_no_task(service: Service, client: httpx2.Client) -> None:
    address = begin(client, 4)
    go_on(client, address, 0, b"text")
    answer = transcribe(client, address)
    assert (answer.status_code, answer.json()["code"]) == (422, "unreadable_audio")
    assert not service.queued()
    assert all(name.startswith((".uploads/", ".resumable/")) for name in service.files())


def test_an_empty_upload_is_named(client: httpx2.Client) -> None:
    answer = transcribe(client, begin(client, None))
    assert (answer.status_code, answer.json()["code"]) == (422, "empty_file")


def test_a_length_may_come_later(service: Service, client: httpx2.Client) -> None:
    address = begin(client, None)
    assert client.head(address, headers=VERSION).headers["upload-defer-length"] == "1"
    go_on(client, address, 0, SPEECH[:1000])
    go_on(client, address, 1000, SPEECH[1000:], **{"Upload-Length": str(len(SPEECH))})
    assert client.head(address, headers=VERSION).headers["upload-length"] == str(len(SPEECH))
    assert transcribe(client, address).status_code == 202


def test_given_up_is_gone(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    assert client.delete(address, headers=VERSION).status_code == 204
    assert client.head(address, headers=VERSION).status_code == 404
    assert service.files() == []


@pytest.mark.parametrize("upload_id", ["0" * 32, "..%2f..%2fetc", "x", "a" * 300])
def test_an_unknown_upload_is_not_found(client: httpx2.Client, upload_id: str) -> None:
    assert client.head(f"/uploads/{upload_id}", headers=VERSION).status_code == 404
    assert go_on(client, f"/uploads/{upload_id}", 0, b"x").status_code == 404
    assert client.post("/transcribe/", params={"upload": upload_id}).status_code == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload-Length": "5"}, 412),
        (VERSION | {"Tus-Resumable": "0.2.2", "Upload-Length": "5"}, 412),
        (VERSION, 422),
        (VERSION | {"Upload-Length": "-1"}, 422),
        (VERSION | {"Upload-Length": "9" * 400}, 422),
        (VERSION | {"Upload-Length": "5", "Upload-Defer-Length": "1"}, 422),
        (VERSION | {"Upload-Length": "5", "Upload-Metadata": "filename ?"}, 422),
        (VERSION | {"Upload-Length": "5", "Upload-Metadata": "a " + "A" * 9000}, 422),
        (VERSION | {"Upload-Length": "5"} | metadata(transcribe="[]"), 422),
        (VERSION | {"Upload-Length": "5"} | metadata(transcribe='{"modle": "base"}'), 422),
        (VERSION | {"Upload-Length": "5"} | metadata(transcribe='{"language": "xx"}'), 422),
        (VERSION | {"Upload-Length": "5"} | metadata(transcribe='{"url": "http://a.example"}'), 422),
    ],
)
def test_a_bad_beginning_is_named(
    service: Service, client: httpx2.Client, headers: dict[str, str], status: int
) -> None:
    answer = client.post("/uploads/", headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]
    assert service.files() == []


def test_a_body_of_another_type_is_named(client: httpx2.Client) -> None:
    address = begin(client)
    headers = VERSION | {"Upload-Offset": "0", "Content-Type": "audio/ogg"}
    assert client.patch(address, content=SPEECH, headers=headers).json()["code"] == "unsupported_media_type"


def test_one_source_at_a_time(client: httpx2.Client) -> None:
    address = begin(client)
    answer = client.post(
        "/transcribe/", params={"upload": address.rpartition("/")[2]}, files={"file": ("a.ogg", SPEECH)}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_upload")


def test_no_byte_is_added_to_the_recording_of_a_task(
    service: Service, client: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever made it a task died before the upload let go of its bytes, which are the same file."""
    monkeypatch.setattr(LocalResumables, "remove_bytes", lambda *_: None)
    address = begin(client, None)
    go_on(client, address, 0, SPEECH[:20000])
    task_id = transcribe(client, address).json()["task_id"]
    monkeypatch.undo()
    answer = go_on(client, address, 20000, SPEECH[20000:])
    assert (answer.status_code, answer.json()["code"], answer.json()["task_id"]) == (
        *(409, "upload_taken", task_id),
    )
    recording = service.folder / service.queued_task().file_path
    assert recording.read_bytes() == SPEECH[:20000]
    assert not list(service.folder.glob(".uploads/*.bytes"))


def test_who_gives_up_an_upload_is_told_of_its_task(service: Service, client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH)
    task_id = transcribe(client, address).json()["task_id"]
    assert client.delete(address, headers=VERSION).headers["upload-task"] == task_id
    assert client.get(f"/transcribe/{task_id}").status_code == 200


def test_an_upload_whose_task_was_deleted_is_gone(client: httpx2.Client) -> None:
    address = begin(client)
    go_on(client, address, 0, SPEECH)
    client.delete(f"/transcribe/{transcribe(client, address).json()['task_id']}")
    assert client.head(address, headers=VERSION).status_code == 404
    assert transcribe(client, address).status_code == 404


def test_a_live_recording_counts_as_its_bytes_come(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(rate_limit="2/minute", upload_limit="1/minute")
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = begin(client, None)
        assert go_on(client, address, 0, bytes(2**20 - 1)).status_code == 204
        assert go_on(client, address, 2**20 - 1, b"x").status_code == 204
        assert go_on(client, address, 2**20, bytes(2**20)).status_code == 429
        begin(client, None)
        assert client.post("/uploads/", headers=VERSION | {"Upload-Defer-Length": "1"}).status_code == 429


def test_secrets_in_names_are_cut(service: Service, client: httpx2.Client) -> None:
    address = begin(client, filename="../../talk.ogg?token=secret")
    go_on(client, address, 0, SPEECH)
    transcribe(client, address)
    assert service.queued_task().filename == "talk.ogg"


def test_uploads_belong_to_who_began_them(settings_for: Callable[..., Settings]) -> None:
    keys = new_key("alice"), new_key("bob")
    settings = settings_for(default_model="base", api_keys=tuple(key.entry for key in keys))
    with serving(settings) as service:
        mine, other = (httpx2.Client(base_url=service.url, headers={"X-API-Key": each.key}) for each in keys)
        with mine, other:
            assert httpx2.post(f"{service.url}/uploads/", headers=VERSION).status_code == 401
            address = begin(mine)
            assert other.head(address, headers=VERSION).status_code == 404
            assert go_on(other, address, 0, b"x").status_code == 404
            assert other.delete(address, headers=VERSION).status_code == 404
            assert transcribe(other, address).status_code == 404
            go_on(mine, address, 0, SPEECH)
            assert transcribe(mine, address).status_code == 202


def test_an_upload_counts_as_one_recording_and_with_its_size(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(default_model="base", rate_limit="1/minute", upload_limit="2/minute")
    with serving(settings) as service, httpx2.Client(base_url=service.url) as client:
        address = begin(client)
        go_on(client, address, 0, SPEECH)
        assert transcribe(client, address).status_code == 202
        answer = client.post("/uploads/", headers=VERSION | {"Upload-Length": str(2 * 2**20)})
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
