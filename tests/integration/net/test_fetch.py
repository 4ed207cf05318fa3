"""Recordings are fetched from a real server, and nothing is left behind where that fails."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from app.core.errors import FetchFailed, FetchRefused, StorageFull, TaskCancelled
from app.core.file_locks import is_held
from app.core.speed import SlowestSpeed
from app.net import fetch as fetch_module
from app.net.address_policy import Resolver, system_resolver
from app.net.fetch import FetchedFile, FetchLimits, fetch
from tests.support.web_server import LOCAL, Names, Server, answer, endless, raw, stalled

LIMITS = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=30)
IMPATIENT = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=0.2)
SHORT = FetchLimits(max_bytes=1_000_000, seconds=0.3, idle_seconds=30)
SLOW = FetchLimits(
    max_bytes=1_000_000, seconds=60, idle_seconds=30, slowest=SlowestSpeed(10_000, over_seconds=0.3)
)
SOUND = bytes(range(256)) * 1000
OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the recording is to go."""
    return tmp_path / "task.part"


def fetched(
    url: str,
    path: Path,
    limits: FetchLimits = LIMITS,
    should_stop: Callable[[], bool] = lambda: False,
    resolver: Resolver = system_resolver,
) -> FetchedFile:
    return fetch(url, path, limits, LOCAL, should_stop, resolver=resolver)


def test_a_recording_is_fetched_as_it_is(server: Server, path: Path) -> None:
    server.answers["/talk.mp3?sig=1"] = answer(body=SOUND, content_type="audio/mpeg")
    found = fetched(server.url("/talk.mp3?sig=1"), path)
    assert found == FetchedFile("talk.mp3", len(SOUND), "audio/mpeg")
    assert path.read_bytes() == SOUND
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_housekeeping_sees_that_it_is_being_written(server: Server, path: Path) -> None:
    """By whatever clock: the API removes old pieces of recordings that nobody writes any more."""
    server.answers["/talk"] = endless(server, OK + b"\r\n", b"x" * 1000, pause=0.01)
    seen = []

    def stop_once_there() -> bool:
        if path.exists():
            seen.append(is_held(path))
        return bool(seen)

    with pytest.raises(TaskCancelled):
        fetched(server.url("/talk"), path, should_stop=stop_once_there)
    assert seen == [True]


def test_a_chunked_answer_and_its_own_name(server: Server, path: Path) -> None:
    disposition = b'Content-Disposition: attachment; filename="a.wav"\r\n'
    chunks = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server.answers["/d"] = raw(OK, disposition, b"Transfer-Encoding: chunked\r\n\r\n", chunks)
    assert fetched(server.url("/d"), path) == FetchedFile("a.wav", 5, None)
    assert path.read_bytes() == b"abcde"


def test_the_proxies_of_the_environment_are_not_asked(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    server.answers["/a"] = answer(body=b"a")
    assert fetched(server.url("/a"), path).size == 1


def test_a_host_is_named_as_the_client_wrote_it_and_looked_up_once(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"a")
    names = Names(media=[["127.0.0.1"]])
    fetched(server.url("/a", "media.example"), path, resolver=names)
    assert server.requests[0].headers["host"] == f"media.example:{server.port}"
    assert names.asked == ["media.example"]


def test_the_next_address_is_tried_where_one_does_not_answer(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"a")
    names = Names(media=[["127.0.0.2", "127.0.0.1"]])
    assert fetched(server.url("/a", "media.example"), path, resolver=names).size == 1


@pytest.mark.parametrize(
    "head", [b"Content-Length: 1000001\r\n\r\n", b"Content-Length: 99999999999999999999\r\n\r\n"]
)
def test_a_length_beyond_the_limit_is_refused_before_a_byte_is_read(
    server: Server, path: Path, head: bytes
) -> None:
    server.answers["/a"] = stalled(server, OK, head)
    with pytest.raises(FetchRefused, match="1000000 bytes"):
        fetched(server.url("/a"), path)
    assert not path.exists()


@pytest.mark.parametrize("head", [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"])
def test_an_answer_without_a_length_is_cut_off_at_the_limit(server: Server, path: Path, head: bytes) -> None:
    part = b"x" * 10_000
    part = b"2710\r\n" + part + b"\r\n" if b"chunked" in head else part
    server.answers["/a"] = endless(server, OK + head, part)
    with pytest.raises(FetchRefused, match="1000000 bytes"):
        fetched(server.url("/a"), path)
    assert not path.exists()


def test_an_answer_of_just_the_limit_is_taken(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"x" * LIMITS.max_bytes)
    assert fetched(server.url("/a"), path).size == LIMITS.max_bytes


def test_less_than_the_length_that_was_declared_is_no_recording(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"abc", content_length="10")
    with pytest.raises(FetchFailed, match="broke off"):
        fetched(server.url("/a"), path)
    assert not path.exists()


def test_more_than_the_length_that_was_declared_is_ignored(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"abcdef", content_length="3")
    assert fetched(server.url("/a"), path).size == 3
    assert path.read_bytes() == b"abc"


def test_a_compressed_answer_is_refused(server: Server, path: Path) -> None:
    server.answers["/a"] = answer(body=b"abc", content_encoding="gzip")
    with pytest.raises(FetchRefused, match="gzip"):
        fetched(server.url("/a"), path)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451, 304, 300])
def test_a_refusal_is_final(server: Server, path: Path, status: int) -> None:
    server.answers["/a"] = answer(status)
    with pytest.raises(FetchRefused, match=str(status)):
        fetched(server.url("/a"), path)
    assert not path.exists()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_may_be_tried_again(server: Server, path: Path, status: int) -> None:
    server.answers["/a"] = answer(status)
    with pytest.raises(FetchFailed, match=str(status)):
        fetched(server.url("/a"), path)
    assert not path.exists()


@pytest.mark.parametrize(
    "parts", [(), (OK,), (OK, b"Content-Length: 10\r\n\r\n"), (OK, b"Content-Length: 10\r\n\r\n", b"abc")]
)
def test_a_server_that_falls_silent_is_given_up(server: Server, path: Path, parts: tuple[bytes, ...]) -> None:
    server.answers["/a"] = stalled(server, *parts)
    with pytest.raises(FetchFailed, match=r"nothing for 0\.2 seconds"):
        fetched(server.url("/a"), path, IMPATIENT)
    assert not path.exists()


@pytest.mark.parametrize("head", [OK, OK + b"\r\n"])
def test_a_server_that_drips_is_given_up(server: Server, path: Path, head: bytes) -> None:
    """Neither in the headers nor in the body is a byte now and then enough."""
    server.answers["/a"] = endless(server, head, b"x", pause=0.02)
    with pytest.raises(FetchFailed, match=r"within 0\.3 seconds"):
        fetched(server.url("/a"), path, SHORT)
    assert not path.exists()


def test_a_server_that_is_too_slow_is_given_up(server: Server, path: Path) -> None:
    """However long all of it may take: FETCH_SECONDS is for recordings of gigabytes."""
    server.answers["/a"] = endless(server, OK + b"\r\n", b"x", pause=0.02)
    with pytest.raises(FetchFailed, match="MIN_TRANSFER_BYTES_PER_SECOND"):
        fetched(server.url("/a"), path, SLOW)
    assert not path.exists()


def test_a_disk_that_gets_full_meanwhile_ends_it(
    server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def usage(folder: Path) -> SimpleNamespace:
        return SimpleNamespace(free=0 if path.exists() else 10**12)

    monkeypatch.setattr(fetch_module, "SPACE_CHECK_BYTES", 10_000)
    monkeypatch.setattr(shutil, "disk_usage", usage)
    limits = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=30, min_free_bytes=1)
    server.answers["/a"] = endless(server, OK + b"\r\n", b"x" * 1000)
    with pytest.raises(StorageFull, match="MIN_FREE_DISK_MB"):
        fetched(server.url("/a"), path, limits)
    assert not path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_is_told_as_one(
    number: int, server: Server, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> object:
        raise OSError(number, os.strerror(number))

    server.answers["/a"] = answer(body=b"abc")
    monkeypatch.setattr(Path, "open", no_room)
    with pytest.raises(StorageFull, match="MIN_FREE_DISK_MB"):
        fetched(server.url("/a"), path)


def test_a_recording_that_would_fill_the_disk_is_not_begun(server: Server, path: Path) -> None:
    floor = shutil.disk_usage(path.parent).free - 500_000_000
    limits = FetchLimits(max_bytes=10**12, seconds=60, idle_seconds=30, min_free_bytes=floor)
    server.answers["/a"] = stalled(server, OK, b"Content-Length: 5000000000\r\n\r\n")
    with pytest.raises(StorageFull, match="MIN_FREE_DISK_MB"):
        fetched(server.url("/a"), path, limits)


def test_a_stop_is_noticed_in_the_middle_of_a_silence(server: Server, path: Path) -> None:
    stop = threading.Event()
    server.answers["/a"] = stalled(server, OK, b"Content-Length: 10\r\n\r\n", b"abc", then=stop.set)
    with pytest.raises(TaskCancelled):
        fetched(server.url("/a"), path, should_stop=stop.is_set)
    assert not path.exists()


def test_a_stop_before_the_first_byte_connects_to_nobody(server: Server, path: Path) -> None:
    with pytest.raises(TaskCancelled):
        fetched(server.url("/a"), path, should_stop=lambda: True)
    assert server.requests == []


def test_nobody_listens(path: Path) -> None:
    with Server() as gone:
        url = gone.url("/a")
    with pytest.raises(FetchFailed, match="failed"):
        fetched(url, path)


@pytest.mark.parametrize(
    "parts", [(b"SSH-2.0-OpenSSH_9.6\r\n",), (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",), ()]
)
def test_what_is_no_http_server(server: Server, path: Path, parts: tuple[bytes, ...]) -> None:
    server.answers["/a"] = raw(*parts)
    with pytest.raises(FetchFailed):
        fetched(server.url("/a"), path)


def test_a_failure_names_the_host_but_no_secret_of_the_address(server: Server, path: Path) -> None:
    server.answers["/a?token=s3cret"] = raw(b"nonsense\r\n\r\n")
    with pytest.raises(FetchFailed) as caught:
        fetched(server.url("/a?token=s3cret"), path)
    assert "127.0.0.1" in caught.value.detail
    assert "s3cret" not in caught.value.detail


def test_a_file_that_cannot_be_written_is_the_operators_trouble(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(body=b"a")
    with pytest.raises(FileNotFoundError):
        fetched(server.url("/a"), tmp_path / "missing" / "task.part")
