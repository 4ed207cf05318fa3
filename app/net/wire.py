"""What both kinds of requests share: their target and headers, TLS, and the errors of the HTTP library."""

import contextlib
import ssl
from collections.abc import Iterator, Mapping
from functools import cache

import httpcore2
import httpx2

from app.core.errors import FetchFailed
from app.net.address_policy import ascii_host

USER_AGENT = "transcriber"

PASSING_REFUSALS = frozenset({408, 425, 429})
"""Statuses of 4xx that ask to come again: too slow, too early, too many."""


@cache
def tls_context() -> ssl.SSLContext:
    """Certificates of the system, or of SSL_CERT_FILE; read once, which takes a while."""
    return httpcore2.default_ssl_context()


def target_of(url: httpx2.URL) -> httpcore2.URL:
    """`url` as the connection pool takes it. No proxy of the environment stands between."""
    return httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def headers_for(url: httpx2.URL, more: Mapping[str, str]) -> list[tuple[str, str]]:
    """Headers of a request to `url`; the library's own Host header lacks the brackets of an IPv6 address."""
    return [("Host", url.netloc.decode("ascii")), ("User-Agent", USER_AGENT), *more.items()]


@contextlib.contextmanager
def translated(url: httpx2.URL) -> Iterator[None]:
    """Errors of the HTTP library become FetchFailed. Only the host is named: the rest may hold secrets."""
    host = ascii_host(url)
    try:
        yield
    except httpcore2.TimeoutException as error:
        raise FetchFailed(f"The host {host} did not answer in time.") from error
    except httpcore2.NetworkError as error:
        raise FetchFailed(f"The connection to the host {host} failed: {error or 'no answer'}.") from error
    except httpcore2.ProtocolError as error:
        raise FetchFailed(f"The host {host} broke off or does not speak HTTP: {error}.") from error
