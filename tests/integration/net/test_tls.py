"""Recordings over TLS: certificates are checked against the name of the URL, and all limits hold."""

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from app.core.errors import FetchFailed, FetchRefused, TaskCancelled
from app.net.fetch import FetchLimits, fetch
from app.net.webhook import WebhookSender
from app.net.wire import tls_context
from tests.support.web_server import LOCAL, Names, Server, answer, endless, stalled

LIMITS = FetchLimits(max_bytes=1_000_000, seconds=60, idle_seconds=30)
NAMES = Names(media=[["127.0.0.1"]], other=[["127.0.0.1"]])
HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificate of media.example."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The operator's own authority, as SSL_CERT_FILE names it."""
    certificate = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(certificate))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[Server]:
    """A server that speaks TLS as media.example."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("media.example").configure_cert(context)
    with Server(tls=context) as started:
        yield started


@pytest.mark.usefixtures("trusted")
def test_a_recording_over_tls(secure: Server, tmp_path: Path) -> None:
    secure.answers["/a"] = answer(body=b"sound")
    url = secure.url("/a", "media.example")
    assert fetch(url, tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=NAMES).size == 5


@pytest.mark.usefixtures("trusted")
async def test_a_webhook_over_tls(secure: Server) -> None:
    secure.answers["/hook"] = answer(204)
    url = secure.url("/hook", "media.example")
    assert await WebhookSender(LOCAL, resolver=NAMES).post(url, b"{}", {}) == 204


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_a_certificate_for_another_name_is_refused(secure: Server, tmp_path: Path, host: str) -> None:
    with pytest.raises(FetchFailed, match="certificate"):
        fetch(secure.url("/a", host), tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=NAMES)
    assert secure.requests == []


def test_a_certificate_of_nobody_known_is_refused(secure: Server, tmp_path: Path) -> None:
    url = secure.url("/a", "media.example")
    with pytest.raises(FetchFailed, match="certificate"):
        fetch(url, tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=NAMES)
    assert secure.requests == []


@pytest.mark.usefixtures("trusted")
async def test_a_webhook_to_nobody_known_is_not_sent(secure: Server) -> None:
    with pytest.raises(FetchFailed, match="certificate"):
        await WebhookSender(LOCAL, resolver=NAMES).post(secure.url("/hook", "other.example"), b"{}", {})
    assert secure.requests == []


@pytest.mark.usefixtures("trusted")
def test_a_redirect_to_plain_http_is_refused(secure: Server, server: Server, tmp_path: Path) -> None:
    secure.answers["/a"] = answer(302, location=server.url("/a", "media.example"))
    url = secure.url("/a", "media.example")
    with pytest.raises(FetchRefused, match="https to http"):
        fetch(url, tmp_path / "a", LIMITS, LOCAL, lambda: False, resolver=NAMES)
    assert server.requests == []


@pytest.mark.usefixtures("trusted")
def test_a_server_that_drips_is_given_up(secure: Server, tmp_path: Path) -> None:
    secure.answers["/a"] = endless(secure, HEAD, b"x", pause=0.02)
    url, limits = secure.url("/a", "media.example"), FetchLimits(1_000_000, seconds=1, idle_seconds=30)
    with pytest.raises(FetchFailed, match="within 1 seconds"):
        fetch(url, tmp_path / "a", limits, LOCAL, lambda: False, resolver=NAMES)


@pytest.mark.usefixtures("trusted")
def test_a_stop_is_noticed_in_the_middle_of_a_silence(secure: Server, tmp_path: Path) -> None:
    stop = threading.Event()
    secure.answers["/a"] = stalled(secure, HEAD, b"abc", then=stop.set)
    url, path = secure.url("/a", "media.example"), tmp_path / "a"
    with pytest.raises(TaskCancelled):
        fetch(url, path, LIMITS, LOCAL, stop.is_set, resolver=NAMES)
    assert not path.exists()
