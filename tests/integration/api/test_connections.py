"""Clients that hold connections: idle ones, slow ones, and too many of them."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from app.api import connections
from app.core.config import Settings
from tests.integration.api.test_tasks import finish, post
from tests.support.api import Service, serving
from tests.support.processes import ApiProcess
from tests.support.serving import PATIENCE_SECONDS, until

SettingsFor = Callable[..., Settings]
LIVE = b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(service: Service) -> socket.socket:
    return socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)


def is_closed(connection: socket.socket) -> bool:
    """Whether the server has closed it by now."""
    connection.setblocking(False)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    finally:
        connection.settimeout(PATIENCE_SECONDS)


@contextmanager
def many(service: Service, count: int) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing, the oldest first."""
    opened = [connect(service) for _ in range(count)]
    yield opened
    for connection in opened:
        connection.close()


@pytest.mark.parametrize(
    "said",
    [b"", LIVE[:30], LIVE, LIVE + LIVE[:30]],
    ids=["nothing", "half a header", "one request", "one and a half"],
)
def test_a_client_that_asks_nothing_more_is_let_go(settings_for: SettingsFor, said: bytes) -> None:
    with serving(settings_for(request_header_seconds=0.3)) as service, connect(service) as connection:
        connection.sendall(said)
        heard = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert heard.count(b"HTTP/1.1 200") == said.count(LIVE)


def test_a_header_that_drips_is_not_waited_for(settings_for: SettingsFor) -> None:
    with serving(settings_for(request_header_seconds=0.3)) as service, connect(service) as connection:
        connection.sendall(LIVE.removesuffix(b"\r\n"))

        def drips() -> bool:
            try:
                connection.sendall(b"x")
            except OSError:
                return True
            return is_closed(connection)

        until(drips)


def test_a_request_that_takes_its_time_is_not_cut_off(settings_for: SettingsFor) -> None:
    """The time is for the header: an answer may take longer, and so may a body."""
    with serving(settings_for(request_header_seconds=0.3)) as service:
        with httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
            task_id = post(client)
        with connect(service) as waiting, connect(service) as idle:
            path = f"/transcribe/{task_id}?wait=60".encode()
            waiting.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(1) == b"", "the time is over"
            finish(service.settings, task_id)
            assert waiting.recv(65_536).startswith(b"HTTP/1.1 200")


def test_the_next_client_is_answered_however_many_are_idle(settings_for: SettingsFor) -> None:
    settings = settings_for(max_connections=20, request_header_seconds=600)
    with serving(settings) as service, many(service, 60) as idle:
        until(lambda: sum(map(is_closed, idle)) == 40)
        assert [is_closed(each) for each in idle] == [True] * 40 + [False] * 20, "the oldest go first"
        for _ in range(3):
            assert httpx2.get(f"{service.url}/health/live").status_code == 200


def test_only_who_asks_nothing_gives_way(settings_for: SettingsFor) -> None:
    settings = settings_for(max_connections=20)
    with serving(settings) as service:
        with httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
            task_id = post(client)
            until(lambda: client.get(f"/transcribe/{task_id}").status_code == 200)
        with many(service, 20) as listeners:
            path = f"/transcribe/{task_id}/events".encode()
            for listener in listeners:
                listener.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert listener.recv(65_536).startswith(b"HTTP/1.1 200")
            with connect(service) as late:
                refused = b"".join(iter(lambda: late.recv(65_536), b""))
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: " in refused.lower()
            assert b"MAX_CONNECTIONS" in refused
            assert not any(map(is_closed, listeners))
            listeners.pop().close()
            until(lambda: _answers(service))


def _answers(service: Service) -> bool:
    return httpx2.get(f"{service.url}/health/live").status_code == 200


def test_a_client_that_does_not_read_is_let_go(
    settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.3)
    with serving(settings_for()) as service:
        with httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
            task_id = post(client)
            finish(service.settings, task_id, {"text": "x" * 20_000_000})
        with connect(service) as deaf:
            deaf.sendall(b"GET /transcribe/" + task_id.encode() + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
            ours = deaf.getsockname()[1]
            until(lambda: _has_peer(ours))
            until(lambda: not _has_peer(ours))


def _has_peer(port: int) -> bool:
    """Whether this process, the server, has a connection to that port of the client."""
    found = psutil.Process().net_connections("tcp")
    return any(each.raddr and each.raddr.port == port and each.status == "ESTABLISHED" for each in found)


def test_a_slow_reader_gets_all_of_it(settings_for: SettingsFor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: as long as something is read, the answer goes on."""
    monkeypatch.setattr(connections, "WRITE_SECONDS", 0.3)
    with serving(settings_for()) as service:
        with httpx2.Client(base_url=service.url, timeout=PATIENCE_SECONDS) as client:
            task_id = post(client)
            finish(service.settings, task_id, {"text": "x" * 20_000_000})
        with connect(service) as slow:
            head = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            slow.sendall(b"GET /transcribe/" + task_id.encode() + head)
            size, pause = 0, threading.Event()
            while chunk := slow.recv(1_000_000):
                size += len(chunk)
                pause.wait(0.05)
            assert size > 20_000_000


def test_a_server_with_few_files_answers_beside_many_idle_connections(
    settings_for: SettingsFor, tmp_path: Path
) -> None:
    """As people start it, `uvicorn main:app`: no option tells it how many files it may open."""
    console = tmp_path / "console"
    api = ApiProcess(settings_for(), files=200, console=console)
    service = Service(settings_for(), api.port)
    try:
        with many(service, 600) as idle:
            until(lambda: sum(map(is_closed, idle)) > 400)
            assert _answers(service)
            until(lambda: b"MAX_CONNECTIONS" in console.read_bytes())
            assert console.stat().st_size < 10_000, "a line a minute, not one for each connection"
    finally:
        api.stop()
