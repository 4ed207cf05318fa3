"""API keys over HTTP: who gets in, and whose tasks are whose."""

from collections.abc import Callable, Iterator

import httpx2
import pytest

from app.api.app import create_app
from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import ASSETS, Service, serving

ALICE, BOB = new_key("alice"), new_key("bob")
CLOSED = [
    ("POST", "/transcribe/"),
    ("GET", "/transcribe/"),
    ("GET", "/transcribe/t"),
    ("GET", "/status/t"),
    ("DELETE", "/transcribe/t"),
    ("GET", "/transcribe/t/events"),
]
OPEN = ["/health/live", "/health/ready", "/docs", "/openapi.json", "/problems/unauthorized"]


@pytest.fixture
def service(settings_for: Callable[..., Settings]) -> Iterator[Service]:
    with serving(settings_for(api_keys=(ALICE.entry, BOB.entry))) as running:
        yield running


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def post(client: httpx2.Client, headers: dict[str, str]) -> httpx2.Response:
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    return client.post("/transcribe/", files={"file": file}, headers=headers)


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize(
    "headers", [{}, bearer("tk_guessed"), {"X-API-Key": "x"}, {"Authorization": "Basic eDp5"}]
)
def test_nobody_gets_in_without_a_key(
    service: Service, client: httpx2.Client, method: str, path: str, headers: dict[str, str]
) -> None:
    answer = client.request(method, path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert service.files() == []


@pytest.mark.parametrize("path", OPEN)
def test_what_tells_nothing_of_tasks_is_open(client: httpx2.Client, path: str) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("headers", [bearer(ALICE.key), {"X-API-Key": ALICE.key}])
def test_a_key_opens_in_either_header(client: httpx2.Client, headers: dict[str, str]) -> None:
    assert post(client, headers).status_code == 202


def test_each_sees_their_own_tasks_only(client: httpx2.Client) -> None:
    task_id = post(client, bearer(ALICE.key)).json()["task_id"]
    hers, his = bearer(ALICE.key), bearer(BOB.key)

    for method, path in (
        ("GET", f"/transcribe/{task_id}"),
        ("GET", f"/transcribe/{task_id}/events"),
        ("DELETE", f"/transcribe/{task_id}"),
    ):
        assert client.request(method, path, headers=his).status_code == 404
    assert client.get("/transcribe/", headers=his).json()["tasks"] == []
    assert client.get(f"/transcribe/{task_id}", headers=hers).status_code == 200
    assert [task["task_id"] for task in client.get("/transcribe/", headers=hers).json()["tasks"]] == [task_id]


def test_no_key_gets_into_the_log(service: Service, client: httpx2.Client) -> None:
    post(client, bearer(ALICE.key))
    client.get("/transcribe/t", headers=bearer("tk_guessed"))
    written = "".join(
        path.read_text("utf-8") for path in service.settings.log_dir.rglob("*") if path.is_file()
    )

    assert "/transcribe/t refused with 401" in written
    assert ALICE.key not in written
    assert "tk_guessed" not in written


@pytest.mark.parametrize(
    ("host", "keys", "warned"),
    [
        ("127.0.0.1", (), False),
        ("localhost", (), False),
        ("::1", (), False),
        ("127.0.0.1:8000", (), False),
        ("0.0.0.0", (), True),
        ("0.0.0.0:8000", (), True),
        ("192.0.2.7", (), True),
        ("0.0.0.0", (ALICE.entry,), False),
    ],
)
def test_an_open_door_is_told_loudly(
    settings_for: Callable[..., Settings],
    capsys: pytest.CaptureFixture[str],
    host: str,
    keys: tuple[str, ...],
    warned: bool,
) -> None:
    create_app(settings_for(host=host, api_keys=keys))
    assert ("ANYBODY WHO REACHES" in capsys.readouterr().out) == warned
