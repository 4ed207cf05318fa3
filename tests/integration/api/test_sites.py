"""Which names a service without keys answers to, and which pages may change something in it."""

import socket
from collections.abc import Callable

import httpx2
import pytest

from app.core.api_keys import new_key
from app.core.config import Settings
from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.support.api import Service, serving

SettingsFor = Callable[..., Settings]
ALICE = new_key("alice")
READS = ("/transcribe/", "/operator/overview", "/", "/v1/models", "/metrics", "/docs")


def status_of(service: Service, path: str, host: str | None, **headers: str) -> int:
    sent = headers if host is None else {**headers, "Host": host}
    return httpx2.get(f"{service.url}{path}", headers=sent).status_code


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1:8000", "192.168.1.5:8000", "[::1]:8000", "[fd00::5]", "8.8.8.8"),
        *("localhost", "LocalHost:8000", "api.localhost", "nas:8000", "api:8000", "my_nas"),
        *("nas.local:8000", "nas.local.", "nas.lan", "box.home.arpa", "host.docker.internal", "pc.home"),
        *("transcriber.default.svc.cluster.local", socket.gethostname()),
    ],
)
def test_it_answers_to_addresses_and_to_names_of_the_local_network(service: Service, host: str) -> None:
    assert status_of(service, "/transcribe/", host) == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example"),
        *("evil.local.example", "nas.local:8000:1", "a@localhost", "1.2.3.4.5", "[::1", "x y"),
    ],
)
def test_it_answers_to_no_name_that_anybody_may_own(service: Service, host: str) -> None:
    """DNS rebinding: a page's own name leads here, and the browser takes this service for its server."""
    for path in READS:
        assert status_of(service, path, host) == 421
    answer = httpx2.get(f"{service.url}/transcribe/", headers={"Host": host})
    assert answer.json()["code"] == "unknown_host"
    assert "ALLOWED_HOSTS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("allowed", "host", "status"),
    [
        (("transcribe.example",), "transcribe.example:8000", 200),
        (("transcribe.example",), "Transcribe.Example.", 200),
        (("transcribe.example",), "www.transcribe.example", 421),
        ((".example",), "www.transcribe.example", 200),
        (("transcribe.example",), "localhost", 200),
        (("*",), "evil.example", 200),
    ],
)
def test_the_operator_names_more(
    settings_for: SettingsFor, allowed: tuple[str, ...], host: str, status: int
) -> None:
    with serving(settings_for(allowed_hosts=allowed)) as service:
        assert status_of(service, "/transcribe/", host) == status


@pytest.mark.parametrize(("allowed", "status"), [((), 200), (("transcribe.example",), 421)])
def test_keys_guard_what_names_need_not(
    settings_for: SettingsFor, allowed: tuple[str, ...], status: int
) -> None:
    with serving(settings_for(api_keys=(ALICE.entry,), allowed_hosts=allowed)) as service:
        keyed = {"Authorization": f"Bearer {ALICE.key}"}
        assert status_of(service, "/transcribe/", "public.example", **keyed) == status


def test_the_name_that_it_listens_on_is_its_own(settings_for: SettingsFor) -> None:
    with serving(settings_for(host="transcribe.example")) as service:
        assert status_of(service, "/transcribe/", "transcribe.example:8000") == 200


def send(service: Service, headers: dict[str, str], host: str = "nas.local:8000") -> httpx2.Response:
    return httpx2.post(
        f"{service.url}/transcribe/",
        content=GOOD,
        headers={"Host": host, "Content-Type": FORM_TYPE, **headers},
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://nas.local:8000"},
        {"Origin": "HTTP://NAS.local:8000"},
        {"Origin": "http://nas.local:8000", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://transcribe.example", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://transcribe.example", "X-Forwarded-Host": "transcribe.example"},
    ],
)
def test_its_own_page_and_programs_may_send(service: Service, headers: dict[str, str]) -> None:
    """Through a proxy that changes Host, a browser's Sec-Fetch-Site or the proxy's X-Forwarded-Host tells."""
    assert send(service, headers).status_code == 202


def test_default_ports_are_no_difference(service: Service) -> None:
    assert send(service, {"Origin": "https://nas.local"}, host="nas.local:443").status_code == 202
    assert send(service, {"Origin": "http://nas.local"}, host="nas.local:80").status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://nas.local:3000"},
        {"Origin": "http://nas.local"},
        {"Origin": "file://"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://nas.local:8000", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://nas.local:3000", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_pages_elsewhere_may_not(service: Service, headers: dict[str, str]) -> None:
    answer = send(service, headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert "CORS_ORIGINS" in answer.json()["detail"]
    assert (service.files(), service.keys()) == ([], [])
    for method, path in (
        ("DELETE", "/transcribe/x"),
        ("POST", "/operator/dead/x/requeue"),
        ("POST", "/v1/x"),
    ):
        asked = {"Host": "nas.local:8000", **headers}
        assert httpx2.request(method, f"{service.url}{path}", headers=asked).status_code == 403
    assert (
        httpx2.get(f"{service.url}/transcribe/", headers={"Host": "nas.local", **headers}).status_code == 200
    )


@pytest.mark.parametrize(
    ("origins", "status"),
    [(("https://page.example",), 202), (("https://page.example/",), 202), (("*",), 202)],
)
def test_pages_that_the_operator_names_may(
    settings_for: SettingsFor, origins: tuple[str, ...], status: int
) -> None:
    headers = {"Origin": "https://page.example", "Sec-Fetch-Site": "cross-site"}
    with serving(settings_for(cors_origins=origins)) as service:
        assert send(service, headers).status_code == status
        if origins != ("*",):
            assert send(service, {**headers, "Origin": "https://other.example"}).status_code == 403


def test_with_keys_a_page_needs_one(settings_for: SettingsFor) -> None:
    """No browser adds a key by itself, as it does cookies: a page that has none gets nothing done."""
    headers = {"Origin": "https://evil.example"}
    with serving(settings_for(api_keys=(ALICE.entry,))) as service:
        assert send(service, headers).status_code == 401
        assert send(service, {**headers, "X-API-Key": ALICE.key}).status_code == 202
