"""Connections that break, and services that are busy: what is tried again, and how."""

import threading
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from app.client import Client, EventKind, ProtocolBroken, RetryPolicy, ServiceProblem, ServiceUnreachable
from app.client.answers import problem_of
from app.client.retries import LONGEST_PAUSE_SECONDS
from app.launcher.redis_server import free_port
from tests.support.serving import until
from tests.unit.client.conftest import QUICK
from tests.unit.client.service import Dropped, Problem, Service, serving


@pytest.mark.parametrize("status", [429, 503, 507, 502, 504])
def test_a_busy_service_is_asked_again(client: Client, service: Service, status: int) -> None:
    service.misbehave("GET", Problem(status), Problem(status))

    assert client.models() == ("base", "turbo")
    assert service.count("GET") == 3


def test_an_earlier_request_that_is_still_being_accepted_is_waited_for(
    client: Client, service: Service
) -> None:
    service.misbehave("GET", Problem(409, "request_in_progress"))

    assert client.models() == ("base", "turbo")
    assert service.count("GET") == 2


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
def test_what_another_try_would_not_mend(client: Client, service: Service, status: int) -> None:
    service.misbehave("GET", Problem(status))

    with pytest.raises(ServiceProblem) as caught:
        client.models()

    assert caught.value.status == status
    assert service.count("GET") == 1


def test_in_the_end_the_problem_is_told(client: Client, service: Service) -> None:
    service.misbehave("GET", *[Problem(429, "queue_full")] * 4)

    with pytest.raises(ServiceProblem, match="queue_full"):
        client.models()

    assert service.count("GET") == QUICK.retries + 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("Fri, 01 Jan 2021 00:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    response = httpx2.Response(
        503, headers={"Retry-After": header}, request=httpx2.Request("GET", "http://localhost/")
    )

    problem = problem_of(response)

    assert isinstance(problem, ServiceProblem)
    assert problem.retry_after == seconds


def test_retry_after_is_honoured(service: Service) -> None:
    service.misbehave(
        "GET", Problem(429, headers={"Retry-After": "0"}), Problem(429, headers={"Retry-After": "1"})
    )
    pauses: list[float] = []
    policy = RetryPolicy(backoff=500, on_retry=lambda _, seconds: pauses.append(seconds))

    with Client(service.url, policy=policy) as client:
        client.models()

    assert pauses == [0, 1]


def test_pauses_grow_up_to_a_limit() -> None:
    policy = RetryPolicy(backoff=1)

    assert 0.75 <= policy.pause(1) <= 1.25
    assert 3 <= policy.pause(3) <= 5
    assert policy.pause(5000) <= LONGEST_PAUSE_SECONDS * 1.25


def test_an_upload_whose_answer_is_lost_is_one_task(
    client: Client, service: Service, recording: Path
) -> None:
    service.misbehave("POST", Dropped(), Problem(503), Dropped())

    submitted = client.submit(recording)

    keys = {headers["idempotency-key"] for headers in service.headers}
    assert service.count("POST") == 4
    assert len(keys) == 1
    assert list(service.uploads) == [submitted.task_id]
    assert service.uploads[submitted.task_id].content == recording.read_bytes()


def test_two_uploads_are_two_tasks(client: Client, service: Service, recording: Path) -> None:
    assert client.submit(recording).task_id != client.submit(recording).task_id
    again = [client.submit(recording, idempotency_key="mine").task_id for _ in range(2)]
    assert again[0] == again[1]
    assert len(service.uploads) == 3


def test_a_service_that_comes_back() -> None:
    service, port = Service(), free_port()
    with ExitStack() as stack:

        def start(error: BaseException, _: float) -> None:
            assert isinstance(error, ServiceUnreachable)
            stack.enter_context(serving(service, port))

        policy = RetryPolicy(retries=1, backoff=0.01, on_retry=start)
        with Client(f"http://127.0.0.1:{port}", policy=policy) as client:
            assert client.models() == ("base", "turbo")


def test_a_file_that_grows_while_it_is_sent(client: Client, service: Service, tmp_path: Path) -> None:
    path = tmp_path / "talk.mp3"
    path.write_bytes(b"x")

    class Growing:
        """Says one length and holds another."""

        name = str(path)

        def fileno(self) -> int:
            return self._file.fileno()

        def __init__(self) -> None:
            self._file = path.open("rb")
            self._left = 3

        def seekable(self) -> bool:
            return True

        def seek(self, offset: int, whence: int = 0) -> int:
            return offset

        def read(self, size: int) -> bytes:
            self._left -= 1
            return b"more" if self._left > 0 else b""

    growing = Growing()
    with growing._file, pytest.raises(ProtocolBroken, match="changed while it was being sent"):
        client.submit(growing)  # type: ignore[arg-type]
    until(lambda: service.count("POST"))  # half a request, which must not reach the next test


def test_events_go_on_where_they_broke_off(client: Client, service: Service) -> None:
    service.break_events_after.extend([2, 0, 3])
    task_id = service.add("talk.mp3")

    kinds = [event.kind for event in client.events(task_id)]

    assert kinds == [EventKind.STATUS, EventKind.PROGRESS, *[EventKind.WINDOW] * 3, EventKind.DONE]
    assert service.last_event_ids() == [None, "2", "2", "5"]


def test_events_that_end_too_early_go_on(client: Client, service: Service) -> None:
    service.break_events_after.extend([6, 1])
    kinds = [event.kind for event in client.events(service.add("talk.mp3"))]

    assert kinds[-2:] == [EventKind.WINDOW, EventKind.DONE]
    assert service.count("GET", "/events") == 2


def test_a_stream_may_break_often_as_long_as_it_brings_something(client: Client, service: Service) -> None:
    service.break_events_after.extend([1] * (QUICK.retries + 2))
    assert len(list(client.events(service.add("talk.mp3")))) == 6


def test_events_that_never_come(client: Client, service: Service) -> None:
    service.break_events_after.extend([0] * 4)

    with pytest.raises(ServiceUnreachable):
        list(client.events(service.add("talk.mp3")))

    assert service.count("GET", "/events") == QUICK.retries + 1


def test_events_of_no_task(client: Client, service: Service) -> None:
    with pytest.raises(ServiceProblem, match="task_not_found"):
        next(client.events("nobody"))


def test_a_silent_stream_is_opened_anew(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.client.calls.STREAM_SILENCE_SECONDS", 0.0)
    task_id = service.add("slow.mp3")

    def release_after_three_connections() -> None:
        until(lambda: service.count("GET", "/events") > 2)
        service.release("slow.mp3")

    releasing = threading.Thread(target=release_after_three_connections)
    releasing.start()
    with Client(service.url, timeout=0.2, policy=RetryPolicy(retries=0)) as client:
        events = list(client.events(task_id))
    releasing.join()

    assert [event.kind for event in events][-2:] == [EventKind.WINDOW, EventKind.DONE]
