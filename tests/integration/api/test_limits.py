"""How much one client may send, and what every answer carries."""

from collections.abc import Callable

import httpx2
import pytest

from app.api.app import create_app
from app.core.api_keys import new_key
from app.core.config import Settings
from tests.support.api import ASSETS, Service, serving

SettingsFor = Callable[..., Settings]
ALICE, BOB = new_key("alice"), new_key("bob")


def post(service: Service, key: str | None = None, **headers: str) -> httpx2.Response:
    file = ("talk.ogg", (ASSETS / "speech_ru.ogg").read_bytes())
    keyed = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.post(f"{service.url}/transcribe/", files={"file": file}, headers={**keyed, **headers})


def test_who_sends_too_much_is_told_when_to_come_again(settings_for: SettingsFor) -> None:
    with serving(settings_for(rate_limit="2/hour;100/day")) as service:
        answers = [post(service) for _ in range(3)]
        polls = [httpx2.get(f"{service.url}/transcribe/nothing").status_code for _ in range(5)]

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[0].headers["ratelimit-policy"] == '"recordings";q=2;w=3600'
    assert answers[0].headers["ratelimit"].startswith('"recordings";r=1;t=')
    assert answers[2].json()["code"] == "rate_limited"
    assert 0 < int(answers[2].headers["retry-after"]) <= 3600
    assert polls == [404] * 5


def test_each_key_has_its_own_allowance(settings_for: SettingsFor) -> None:
    with serving(settings_for(rate_limit="1/hour", api_keys=(ALICE.entry, BOB.entry))) as service:
        answers = [post(service, key).status_code for key in (ALICE.key, ALICE.key, BOB.key)]
    assert answers == [202, 429, 202]


@pytest.mark.parametrize(("trusted", "third"), [(("127.0.0.1",), 202), ((), 429)])
def test_addresses_behind_a_proxy_count_if_it_is_trusted(
    settings_for: SettingsFor, trusted: tuple[str, ...], third: int
) -> None:
    with serving(settings_for(rate_limit="1/hour", trusted_proxies=trusted)) as service:
        first = post(service, **{"X-Forwarded-For": "192.0.2.1"})
        other = post(service, **{"X-Forwarded-For": "192.0.2.2"})
    assert (first.status_code, other.status_code) == (202, third)


def test_the_size_of_what_is_sent_may_be_limited(settings_for: SettingsFor) -> None:
    with serving(settings_for(upload_limit="2/hour", rate_limit="9/hour", max_upload_mb=3)) as service:
        answers = [post(service) for _ in range(3)]
        endless = httpx2.post(f"{service.url}/transcribe/", content=iter([b"no length"]))

    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[0].headers["ratelimit-policy"] == '"recordings";q=9;w=3600, "mebibytes";q=2;w=3600'
    assert '"mebibytes";r=1;t=' in answers[0].headers["ratelimit"]
    assert "One client may send 2 mebibytes in 1 hour" in answers[2].json()["detail"]
    assert (endless.status_code, endless.json()["code"]) == (413, "recording_exceeds_limit")


def test_a_limit_that_cannot_be_read_is_told_at_the_start(settings_for: SettingsFor) -> None:
    with pytest.raises(SystemExit, match="RATE_LIMIT is wrong: 'many'"):
        create_app(settings_for(rate_limit="many"))
    with pytest.raises(SystemExit, match="UPLOAD_LIMIT is wrong: '5'"):
        create_app(settings_for(upload_limit="5"))


@pytest.mark.parametrize("path", ["/transcribe/nothing", "/health/live", "/docs", "/v1/models"])
def test_every_answer_has_the_headers_of_a_careful_server(client: httpx2.Client, path: str) -> None:
    headers = client.get(path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-request-id"]


def test_pages_elsewhere_may_ask_where_they_are_named(settings_for: SettingsFor) -> None:
    with serving(settings_for(cors_origins=("https://page.example",))) as service:
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-api-key"}
        for origin, status in (("https://page.example", 200), ("https://other.example", 403)):
            answer = httpx2.options(f"{service.url}/transcribe/", headers={"Origin": origin, **asked})
            assert answer.status_code == status
        answer = httpx2.get(f"{service.url}/health/live", headers={"Origin": "https://page.example"})
        assert answer.headers["access-control-allow-origin"] == "https://page.example"


def test_nobody_elsewhere_may_ask_by_default(client: httpx2.Client) -> None:
    answer = client.get("/health/live", headers={"Origin": "https://page.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_keys_have_quotas_that_they_can_see(settings_for: SettingsFor) -> None:
    settings = settings_for(
        api_keys=(ALICE.entry, BOB.entry), operator_keys=("bob",), key_quotas=("alice:open_tasks=1",)
    )
    with serving(settings) as service:

        def get(path: str, key: str) -> httpx2.Response:
            return httpx2.get(f"{service.url}{path}", headers={"Authorization": f"Bearer {key}"})

        accepted, refused, other = post(service, ALICE.key), post(service, ALICE.key), post(service, BOB.key)
        assert (accepted.status_code, refused.status_code, other.status_code) == (202, 429, 202)
        problem = refused.json()
        assert (problem["code"], problem["quota"]) == ("quota_exceeded", "open_tasks")
        assert "1 unfinished task(s)" in problem["detail"]
        assert int(refused.headers["retry-after"]) > 0
        assert len(service.queued()) == 2, "nothing is left of what was refused"
        usage = get("/usage", ALICE.key).json()
        assert (usage["key"], usage["open_tasks"]["used"], usage["tasks_day"]) == ("alice", 1, 1)
        assert usage["audio_hours_day"]["used"] > 0
        assert get("/operator/usage", ALICE.key).status_code == 403
        keys = get("/operator/usage", BOB.key).json()["keys"]
        assert [(each["key"], each["tasks_day"]) for each in keys] == [("alice", 1), ("bob", 1)]


def test_what_is_refused_later_does_not_count(settings_for: SettingsFor) -> None:
    """Here by a disk on which no note can be written."""
    with serving(
        settings_for(api_keys=(ALICE.entry,), keep_ended_seconds=0, storage_url=None, storage_endpoint=None)
    ) as service:
        assert post(service, ALICE.key).status_code == 202
        notes = service.settings.outbox_dir
        notes.rename(notes.with_name("elsewhere"))
        notes.write_text("no folder")
        assert post(service, ALICE.key).status_code in (503, 507)
        usage = httpx2.get(f"{service.url}/usage", headers={"X-API-Key": ALICE.key}).json()
        assert (usage["tasks_day"], usage["open_tasks"]["used"]) == (1, 1)
