"""Uploads on real sockets: memory, clients that go away, clients that listen only after sending all."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import httpx2
import psutil
import pytest

from app.core.config import Settings
from app.launcher.redis_server import free_port
from tests.integration.api.bad_requests import BOUNDARY, FORM_TYPE, MIB
from tests.support.api import Service, serving
from tests.support.places import folder_of
from tests.support.processes import ROOT, environment_of
from tests.support.serving import PATIENCE_SECONDS, until

HEAD = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{{name}}"\r\n\r\n'
MEMORY_LIMIT = 50 * MIB


def wav_header(data_bytes: int) -> bytes:
    """A WAV of 16 kHz, mono, 16 bit."""
    rate = 16_000
    return (
        b"RIFF"
        + (36 + data_bytes).to_bytes(4, "little")
        + b"WAVEfmt \x10\0\0\0\x01\0\x01\0"
        + rate.to_bytes(4, "little")
        + (2 * rate).to_bytes(4, "little")
        + b"\x02\0\x10\0data"
        + data_bytes.to_bytes(4, "little")
    )


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


def request_head(extra: str) -> bytes:
    return (
        f"POST /transcribe/ HTTP/1.1\r\nHost: test\r\nContent-Type: {FORM_TYPE}\r\n{extra}\r\n\r\n"
    ).encode()


def answer_on(connection: socket.socket) -> bytes:
    """All that the server says until it closes the connection."""
    return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    ("name", "status"), [("talk.exe", b"415"), ("talk.wav", b"413")], ids=["extension", "size"]
)
def test_a_client_that_sends_all_before_it_listens_gets_the_answer(
    settings_for: Callable[..., Settings], name: str, status: bytes
) -> None:
    with (
        serving(settings_for(max_upload_mb=2, allowed_extensions="wav")) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as connection,
    ):
        connection.sendall(request_head("Transfer-Encoding: chunked"))
        connection.sendall(chunked(HEAD.format(name=name).encode()))
        for _ in range(100):
            connection.sendall(chunked(bytes(MIB)))
        connection.sendall(b"0\r\n\r\n")
        answer = answer_on(connection)
        assert answer.startswith(b"HTTP/1.1 " + status)
        assert b"connection: close" in answer.lower()
        assert service.files() == []


def test_too_large_by_its_announced_length_is_refused_before_it_is_sent(
    settings_for: Callable[..., Settings],
) -> None:
    with (
        serving(settings_for(max_upload_mb=2)) as service,
        socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as connection,
    ):
        connection.sendall(request_head(f"Content-Length: {10 * MIB}\r\nExpect: 100-continue"))
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")


@pytest.mark.volume
def test_a_client_that_goes_away_leaves_nothing(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port)) as connection:
        connection.sendall(request_head("Transfer-Encoding: chunked"))
        connection.sendall(chunked(HEAD.format(name="talk.wav").encode(), bytes(3 * MIB)))
        until(lambda: [name for name in service.files() if name.endswith(".part")])
    until(lambda: not service.files())
    assert service.keys() == []


def test_many_uploads_at_once(service: Service) -> None:
    body = HEAD.format(name="a.wav").encode() + wav_header(MIB) + bytes(MIB) + f"\r\n--{BOUNDARY}--".encode()
    codes: list[int] = []

    def send() -> None:
        answer = httpx2.post(
            f"{service.url}/transcribe/",
            content=body,
            headers={"Content-Type": FORM_TYPE},
            timeout=PATIENCE_SECONDS,
        )
        codes.append(answer.status_code)

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [202] * 12
    assert len(service.files()) == 24
    assert not [name for name in service.files() if name.endswith(".part")]


@pytest.fixture
def uvicorn_process(settings: Settings) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The API as its users start it; pid and address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", str(port)],
        env=environment_of(settings),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: _is_live(url))
        yield process, url
    finally:
        process.terminate()
        assert process.wait(timeout=PATIENCE_SECONDS) in (0, -15)


@pytest.mark.parametrize(
    ("content_type", "before", "after"),
    [(FORM_TYPE, HEAD.format(name="long.wav"), f"\r\n--{BOUNDARY}--\r\n"), ("audio/wav", "", "")],
    ids=["form", "body"],
)
def test_memory_does_not_grow_with_the_upload(
    uvicorn_process: tuple[subprocess.Popen[bytes], str],
    settings: Settings,
    content_type: str,
    before: str,
    after: str,
) -> None:
    process, url = uvicorn_process
    size = 256 * MIB

    def body() -> Iterator[bytes]:
        yield before.encode() + wav_header(size)
        for _ in range(size // MIB):
            yield bytes(MIB)
            seen.append(memory.memory_info().rss)
        yield after.encode()

    memory = psutil.Process(process.pid)
    seen = [memory.memory_info().rss]
    answer = httpx2.post(
        f"{url}/transcribe/", content=body(), headers={"Content-Type": content_type}, timeout=60
    )
    assert answer.status_code == 202, answer.text
    assert max(seen) - seen[0] < MEMORY_LIMIT
    stored = folder_of(settings) / f"{answer.json()['task_id']}.wav"
    assert stored.stat().st_size == size + len(wav_header(size))


def _is_live(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health/live").status_code == 200
    except httpx2.TransportError:
        return False
