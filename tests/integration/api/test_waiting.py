"""Callers who wait for their transcript, and connections that do not last as long."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import httpx2
import pytest
import redis

from app.core.config import Settings
from app.schemas.task import Task
from tests.integration.api.bad_requests import FORM_TYPE, SPEECH, form, text
from tests.support.api import Service, serving
from tests.support.serving import until

PATH = "/v1/audio/transcriptions"
RESULT = {"text": "Hello.", "segments": [{"start": 0, "end": 1, "text": " Hello."}], "duration": 1}
FAILURE = {"status": "error", "error": {"code": "engine_failed", "message": "The engine failed."}}

SettingsFor = Callable[..., Settings]


@pytest.fixture
def quick(settings_for: SettingsFor) -> SettingsFor:
    """Settings under which results are not used again: only a task that is taken over has one."""
    return lambda **changes: settings_for(
        **{"reuse_results": False, "maintenance_seconds": 0.1, "keepalive_seconds": 0, **changes}
    )


def body(*fields: tuple[str, str]) -> bytes:
    return form(SPEECH, text("model", "base"), *(text(name, value) for name, value in fields))


def post(service: Service, *fields: tuple[str, str]) -> httpx2.Response:
    headers = {"Content-Type": FORM_TYPE}
    return httpx2.post(f"{service.url}{PATH}", content=body(*fields), headers=headers, timeout=60)


@contextmanager
def waiting(service: Service, *fields: tuple[str, str]) -> Iterator[list[httpx2.Response]]:
    """Somebody waits while the block runs; the answer is there once it has ended."""
    answers: list[httpx2.Response] = []
    thread = threading.Thread(target=lambda: answers.append(post(service, *fields)))
    before = _awaited(service)
    thread.start()
    until(lambda: _awaited(service) != before or not thread.is_alive())
    yield answers
    thread.join()


def send_and_go(service: Service, *fields: tuple[str, str], version: str = "1.1") -> None:
    """Send a recording, and close the connection once it is a task."""
    content, before = body(*fields), len(queued(service))
    head = f"POST {PATH} HTTP/{version}\r\nHost: t\r\nContent-Type: {FORM_TYPE}\r\n"
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
        until(lambda: len(queued(service)) > before)


def queued(service: Service) -> list[Task]:
    with redis.Redis(port=service.settings.redis_port) as store:
        names = [service.settings.redis_queue_name, f"{service.settings.redis_queue_name}:high"]
        elements = [element for name in names for element in store.lrange(name, 0, -1)]
    return [Task.model_validate_json(element) for element in elements]


def finish(service: Service, result: Mapping[str, object] = RESULT) -> None:
    """Do as a foreign worker does with the tasks that wait."""
    with redis.Redis(port=service.settings.redis_port) as store:
        for task in queued(service):
            store.set(f"{service.settings.redis_results_prefix}{task.task_id}", json.dumps(result))


@pytest.mark.parametrize("fields", [[], [("temperature", "0.5")], [("stream", "true")]])
def test_the_same_request_sent_again_takes_the_task_over(
    quick: SettingsFor, fields: list[tuple[str, str]]
) -> None:
    with serving(quick()) as service:
        send_and_go(service, *fields)
        [task] = queued(service)
        until(lambda: _is_shared(service))
        with waiting(service, *fields) as answers:
            assert _is_shared(service)
            finish(service)
        assert [each.task_id for each in queued(service)] == [task.task_id], "nothing was queued twice"
        assert answers[0].status_code == 200
        assert "Hello." in answers[0].text
        assert len([name for name in service.files() if name.endswith(".ogg")]) == 1


def test_who_comes_while_the_first_still_waits_shares_its_task(quick: SettingsFor) -> None:
    with serving(quick()) as service, waiting(service) as first, waiting(service) as second:
        until(lambda: _is_shared(service))
        finish(service)
    assert [answer.json()["text"] for answer in (*first, *second)] == ["Hello.", "Hello."]


def test_a_result_that_came_while_nobody_waited_is_given(quick: SettingsFor) -> None:
    with serving(quick()) as service:
        send_and_go(service)
        until(lambda: _is_shared(service))
        finish(service)
        assert post(service).json()["text"] == "Hello."
        assert len(queued(service)) == 1


def test_another_request_is_another_task(quick: SettingsFor) -> None:
    with serving(quick()) as service:
        send_and_go(service)
        with waiting(service, ("language", "ru")):
            until(lambda: len(queued(service)) == 2)
            finish(service)


def test_who_was_told_is_not_told_again(quick: SettingsFor) -> None:
    """REUSE_RESULTS=false: a result is given to those who waited for it, and to nobody later."""
    with serving(quick()) as service:
        with waiting(service) as answers:
            finish(service)
        with waiting(service):
            until(lambda: len(queued(service)) == 2)
            finish(service)
        assert answers[0].status_code == 200


def test_a_task_that_nobody_comes_back_for_is_removed(quick: SettingsFor) -> None:
    with serving(quick(orphan_seconds=0.5)) as service:
        send_and_go(service)
        until(lambda: not queued(service))
        until(lambda: not [name for name in service.files() if name.endswith(".ogg")])


def test_who_waits_for_longer_than_that_keeps_the_task(quick: SettingsFor) -> None:
    with serving(quick(orphan_seconds=0.5)) as service, waiting(service) as answers:
        with redis.Redis(port=service.settings.redis_port) as store:
            ends: set[float | None] = set()
            while len(ends) <= 6:
                ends.add(
                    store.zscore(f"{service.settings.redis_queue_name}:awaited", queued(service)[0].task_id)
                )
        finish(service)
    assert answers[0].status_code == 200


def test_without_orphans_the_task_goes_with_its_caller(quick: SettingsFor) -> None:
    with serving(quick(orphan_seconds=0, maintenance_seconds=60)) as service:
        send_and_go(service)
        until(lambda: not queued(service))


def test_json_begins_with_white_space(quick: SettingsFor) -> None:
    with serving(quick(keepalive_seconds=0.001)) as service:  # less than any answer takes
        with waiting(service) as answers:
            until(lambda: _is_shared(service))
            with waiting(service) as others:
                finish(service)
        assert answers[0].text.startswith("\n")
        assert answers[0].json()["text"] == "Hello."
        assert others[0].json()["text"] == "Hello."
        assert answers[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize("response_format", ["text", "srt", "vtt"])
def test_text_does_not(quick: SettingsFor, response_format: str) -> None:
    with serving(quick(keepalive_seconds=0.02)) as service:
        with waiting(service, ("response_format", response_format)) as answers:
            until(lambda: _is_shared(service))
            finish(service)
        assert not answers[0].text.startswith("\n")


def test_nor_does_an_answer_whose_end_could_not_be_told(quick: SettingsFor) -> None:
    """HTTP/1.0 ends an answer by closing the connection: one that breaks off would look whole."""
    with serving(quick(keepalive_seconds=0.02)) as service:
        content = body()
        head = f"POST {PATH} HTTP/1.0\r\nHost: t\r\nContent-Type: {FORM_TYPE}\r\n"
        with socket.create_connection(("127.0.0.1", service.port), timeout=60) as connection:
            connection.sendall(f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content)
            until(lambda: queued(service))
            finish(service)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.partition(b"\r\n\r\n")[2].startswith(b'{"text"')


def test_a_failure_after_white_space_breaks_off_and_is_told_to_the_next_try(quick: SettingsFor) -> None:
    with serving(quick(keepalive_seconds=0.05)) as service:
        headers = {"Content-Type": FORM_TYPE}
        with httpx2.stream("POST", f"{service.url}{PATH}", content=body(), headers=headers) as answer:
            chunks = answer.iter_raw()
            assert next(chunks) == b"\n"
            finish(service, FAILURE)
            with pytest.raises(httpx2.RemoteProtocolError):
                list(chunks)
        again = post(service)
        assert (again.status_code, again.json()["error"]["code"]) == (500, "engine_failed")
        assert len(queued(service)) == 1
        with waiting(service):
            assert len(queued(service)) == 2, "who was told may try again"
            finish(service)


def test_past_the_time_to_wait_no_answer_looks_like_a_transcript(quick: SettingsFor) -> None:
    with serving(quick(sync_wait_seconds=0.1)) as service:
        answer = post(service)
        [task] = queued(service)
        error = answer.json()["error"]

        assert (answer.status_code, error["code"]) == (503, "still_transcribing")
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["location"] == f"/transcribe/{task.task_id}"
        assert f"/transcribe/{task.task_id}" in error["message"]
        finish(service)
        assert post(service).json()["text"] == "Hello."
        assert len(queued(service)) == 1


def test_a_task_whose_address_was_told_is_no_orphan(quick: SettingsFor) -> None:
    with serving(quick(sync_wait_seconds=0.1, orphan_seconds=0.2)) as service:
        address = post(service).headers["location"]
        with redis.Redis(port=service.settings.redis_port) as store:
            assert store.zcard(f"{service.settings.redis_queue_name}:awaited") == 0
        assert httpx2.get(f"{service.url}{address}").json()["status"] == "queued"


def test_streams_send_comments(quick: SettingsFor) -> None:
    with serving(quick(keepalive_seconds=0.05)) as service:
        headers = {"Content-Type": FORM_TYPE}
        sent = body(("stream", "true"))
        with httpx2.stream("POST", f"{service.url}{PATH}", content=sent, headers=headers) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith(":")
            finish(service)
            assert any("transcript.text.done" in line for line in lines)


def _awaited(service: Service) -> dict[bytes, float]:
    """Tasks that callers wait for, and until when they are kept: changes with every caller who comes."""
    with redis.Redis(port=service.settings.redis_port) as store:
        return dict(store.zrange(f"{service.settings.redis_queue_name}:awaited", 0, -1, withscores=True))


def _is_shared(service: Service) -> bool:
    with redis.Redis(port=service.settings.redis_port) as store:
        return any(store.scan_iter(f"{service.settings.redis_queue_name}:shared:*"))
