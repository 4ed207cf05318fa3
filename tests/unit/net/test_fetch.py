"""Names of fetched files, and where redirects lead to."""

import httpx2
import pytest

from app.core.errors import FetchRefused, UnsafeAddress
from app.net.address_policy import AddressPolicy
from app.net.fetch import following, suggested_filename

PUBLIC_ONLY = AddressPolicy(frozenset(), private_allowed=False)


@pytest.mark.parametrize(
    ("disposition", "path", "name"),
    [
        (None, "/talks/talk.mp3", "talk.mp3"),
        (None, "/talks/%D1%80%D0%B5%D1%87%D1%8C.ogg?sig=1/2", "речь.ogg"),
        (None, "/", None),
        (None, "/a/..%2f..%2fetc%2fpasswd", "passwd"),
        ('attachment; filename="my talk.mp3"', "/download", "my talk.mp3"),
        ("attachment; filename*=UTF-8''%D1%80%D0%B5%D1%87%D1%8C.ogg", "/download", "речь.ogg"),
        ('attachment; filename="../../etc/cron.d/x.mp3"', "/download", "x.mp3"),
        ('attachment; filename="C:\\\\a\\\\x.mp3"', "/download", "x.mp3"),
        ('attachment; filename="x\x00y.mp3"', "/download", "xy.mp3"),
        ('attachment; filename=""', "/talk.mp3", "talk.mp3"),
        ("inline", "/talk.mp3", "talk.mp3"),
        ("attachment; filename*=bogus''%ff%fe.mp3", "/talk.mp3", "ÿþ.mp3"),
    ],
)
def test_the_name_of_a_file(disposition: str | None, path: str, name: str | None) -> None:
    headers = (
        httpx2.Headers() if disposition is None else httpx2.Headers({"content-disposition": disposition})
    )
    assert suggested_filename(headers, httpx2.URL(f"http://media.example{path}")) == name


@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/other", "https://media.example/other"),
        ("other?x=1", "https://media.example/a/other?x=1"),
        ("https://cdn.example:8443/x", "https://cdn.example:8443/x"),
        ("//cdn.example/x", "https://cdn.example/x"),
    ],
)
def test_a_redirect_is_followed(location: str, target: str) -> None:
    assert str(following(httpx2.URL("https://media.example/a/b"), location, PUBLIC_ONLY)) == target


def test_a_redirect_from_https_to_http_is_refused() -> None:
    with pytest.raises(FetchRefused, match="https to http"):
        following(httpx2.URL("https://media.example/"), "http://media.example/", PUBLIC_ONLY)


@pytest.mark.parametrize(
    "location",
    [
        *("http://127.0.0.1/", "//169.254.169.254/", "http://[::1]/", "http://2130706433/"),
        *("file:///etc/passwd", "gopher://127.0.0.1/", "http://user@media.example/", "http://[::1"),
        *("http://media.example:0/", "http://0177.0.0.1/", "http://a\x7f/"),
    ],
)
def test_a_redirect_to_an_unsafe_address_is_refused(location: str) -> None:
    with pytest.raises(UnsafeAddress):
        following(httpx2.URL("http://media.example/"), location, PUBLIC_ONLY)
