"""Redirects are followed within limits, and each is checked like the first address."""

from pathlib import Path

import pytest

from app.core.errors import FetchRefused, UnsafeAddress
from app.net.address_policy import AddressPolicy
from app.net.fetch import FetchLimits, fetch
from tests.support.web_server import LOCAL, Names, Server, answer

LIMITS = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=30)


def chain(server: Server, length: int) -> None:
    """/0 redirects to /1, and so on up to the recording."""
    for number in range(length):
        server.answers[f"/{number}"] = answer(302, location=f"/{number + 1}")
    server.answers[f"/{length}"] = answer(body=b"sound")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed(server: Server, tmp_path: Path, status: int) -> None:
    server.answers["/a"] = answer(status, b"go there", location="/b.mp3")
    server.answers["/b.mp3"] = answer(body=b"sound")
    found = fetch(server.url("/a"), tmp_path / "a", LIMITS, LOCAL, lambda: False)
    assert (found.name, found.size) == ("b.mp3", 5)


def test_five_redirects_are_followed(server: Server, tmp_path: Path) -> None:
    chain(server, 5)
    assert fetch(server.url("/0"), tmp_path / "a", LIMITS, LOCAL, lambda: False).size == 5


def test_six_redirects_are_too_many(server: Server, tmp_path: Path) -> None:
    chain(server, 6)
    with pytest.raises(FetchRefused, match="at most 5"):
        fetch(server.url("/0"), tmp_path / "a", LIMITS, LOCAL, lambda: False)
    assert [request.path for request in server.requests] == [f"/{number}" for number in range(6)]


@pytest.mark.parametrize(
    "location",
    [
        *("http://169.254.169.254/latest/meta-data/", "http://0.0.0.0/", "http://[fe80::1%25lo]/"),
        *("http://[::ffff:169.254.169.254]/", "http://[64:ff9b::a9fe:a9fe]/", "http://224.0.0.1/"),
        *("http://metadata.example/", "file:///etc/passwd", "gopher://127.0.0.1/", "http://a@127.0.0.1/"),
    ],
)
def test_a_redirect_to_what_no_setting_opens_is_refused(
    server: Server, tmp_path: Path, location: str
) -> None:
    server.answers["/a"] = answer(302, location=location)
    names = Names(metadata=[["169.254.169.254"]])
    with pytest.raises(UnsafeAddress):
        fetch(server.url("/a"), tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=names)
    assert not (tmp_path / "a").exists()


def test_a_redirect_to_a_host_that_is_not_allowed_is_refused(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(302, location=server.url("/b", "other.example"))
    names = Names(media=[["127.0.0.1"]], other=[["127.0.0.1"]])
    policy = AddressPolicy(frozenset({"media.example"}), private_allowed=True)
    with pytest.raises(UnsafeAddress, match="FETCH_ALLOWED_HOSTS"):
        fetch(
            server.url("/a", "media.example"), tmp_path / "a", LIMITS, policy, lambda: False, resolver=names
        )
    assert len(server.requests) == 1


def test_a_redirect_to_another_name_goes_to_its_address(server: Server, tmp_path: Path) -> None:
    server.answers["/a"] = answer(302, location=server.url("/b", "other.example"))
    server.answers["/b"] = answer(body=b"sound")
    names = Names(media=[["127.0.0.1"]], other=[["127.0.0.1"]])
    fetch(server.url("/a", "media.example"), tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=names)
    assert [request.headers["host"] for request in server.requests] == [
        f"media.example:{server.port}",
        f"other.example:{server.port}",
    ]
