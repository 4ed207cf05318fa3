"""Headers of requests."""

import httpx2
import pytest

from app.net.wire import headers_for


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://media.example/a", "media.example"),
        ("https://media.example:443/a", "media.example"),
        ("https://media.example:8443/a", "media.example:8443"),
        ("http://[2606:4700::1111]/a", "[2606:4700::1111]"),
        ("http://[2606:4700::1111]:81/a", "[2606:4700::1111]:81"),
    ],
)
def test_the_host_header(url: str, host: str) -> None:
    assert dict(headers_for(httpx2.URL(url), {"X-More": "1"})) == {
        "Host": host,
        "User-Agent": "transcriber",
        "X-More": "1",
    }
