"""Connections go where was checked, whatever the DNS says next, and TLS keeps the name."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import FetchFailed, UnsafeAddress
from app.net.address_policy import check_url
from app.net.fetch import FetchLimits, fetch
from app.net.webhook import WebhookSender
from tests.support.web_server import LOCAL, PUBLIC_ONLY, Names, Server, answer

LIMITS = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=30)
FIRST_PUBLIC = [["8.8.8.8"], ["127.0.0.1"]]


def test_a_name_that_turns_private_after_its_check_is_not_fetched_from(
    server: Server, tmp_path: Path
) -> None:
    names = Names(rebound=FIRST_PUBLIC)
    url = server.url("/a", "rebound.example")
    check_url(url, PUBLIC_ONLY, names)
    with pytest.raises(UnsafeAddress):
        fetch(url, tmp_path / "a", LIMITS, PUBLIC_ONLY, lambda: False, resolver=names)
    assert server.requests == []


async def test_a_name_that_turns_private_after_its_check_is_sent_nothing(server: Server) -> None:
    names = Names(rebound=FIRST_PUBLIC)
    url = server.url("/a", "rebound.example")
    check_url(url, PUBLIC_ONLY, names)
    with pytest.raises(UnsafeAddress):
        await WebhookSender(PUBLIC_ONLY, resolver=names).post(url, b"{}", {})
    assert server.requests == []


def test_what_the_dns_says_after_the_look_up_changes_nothing(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(body=b"sound")
    names = Names(rebound=[["127.0.0.1"], ["169.254.169.254"]])
    fetch(server.url("/a", "rebound.example"), tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=names)
    assert names.asked == ["rebound.example"]


@pytest.mark.parametrize("addresses", [["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"]])
def test_one_private_address_among_several_is_enough_to_refuse(
    server: Server, tmp_path: Path, addresses: list[str]
) -> None:
    url, names = server.url("/a", "mixed.example"), Names(mixed=[addresses])
    with pytest.raises(UnsafeAddress):
        fetch(url, tmp_path / "a", LIMITS, PUBLIC_ONLY, lambda: False, resolver=names)
    assert server.requests == []


class Greeted:
    """Takes one connection, keeps the first bytes that come and hangs up."""

    def __init__(self) -> None:
        self.hello = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(30)
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection:
            self.hello = connection.recv(65536)

    def close(self) -> None:
        """Wait for the connection."""
        self._thread.join()
        self._listener.close()


@pytest.fixture
def greeted() -> Iterator[Greeted]:
    """A listener that sees how TLS begins: the name that is asked for is not encrypted."""
    listener = Greeted()
    yield listener
    listener.close()


def test_tls_asks_for_the_name_and_not_for_the_address(greeted: Greeted, tmp_path: Path) -> None:
    url, names = f"https://media.example:{greeted.port}/a", Names(media=[["127.0.0.1"]])
    with pytest.raises(FetchFailed, match=r"media\.example"):
        fetch(url, tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=names)
    assert b"media.example" in greeted.hello


async def test_tls_of_a_webhook_asks_for_the_name_too(greeted: Greeted) -> None:
    url, names = f"https://media.example:{greeted.port}/a", Names(media=[["127.0.0.1"]])
    with pytest.raises(FetchFailed, match=r"media\.example"):
        await WebhookSender(LOCAL, resolver=names).post(url, b"{}", {})
    assert b"media.example" in greeted.hello
