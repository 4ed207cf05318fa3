"""Links by which people read one transcript without a key, and nothing else."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import httpx2
import pytest
import redis

from app.api.lifespan import GUESTS_AT_ONCE
from app.api.routes import shared
from app.archive.database import open_engine
from app.archive.tables import shares
from app.core.api_keys import new_key
from app.core.config import Settings
from app.schemas.share import LONGEST_SECONDS
from app.services import share_service
from app.services.share_service import Opened, ShareService
from tests.integration.api.test_exports import SPEECH, done, text_of
from tests.integration.api.test_tasks import RESULT
from tests.support.api import Service, serving
from tests.support.serving import PATIENCE_SECONDS, until

ALICE, BOB = new_key("alice"), new_key("bob")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Party:
    """A service with keys, whose owner of a transcript is Alice, and others: Bob, and one without a key."""

    service: Service
    alice: httpx2.Client
    bob: httpx2.Client
    guest: httpx2.Client

    def share(self, task_id: str, seconds: int | None = None) -> dict[str, str]:
        """A new link."""
        answer = self.alice.post(f"/transcribe/{task_id}/shares", json={"expires_in_seconds": seconds})
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        told: dict[str, str] = answer.json()
        return told


@pytest.fixture
def settings(archive_settings: Callable[..., Settings]) -> Settings:
    return archive_settings(
        archive=True, keep_audio=True, api_keys=(ALICE.entry, BOB.entry), operator_keys=("bob",)
    )


@pytest.fixture
def party(settings: Settings) -> Iterator[Party]:
    with serving(settings) as service:
        keys: list[dict[str, str]] = [{"X-API-Key": ALICE.key}, {"X-API-Key": BOB.key}, {}]
        clients = [
            httpx2.Client(base_url=service.url, headers=headers, timeout=PATIENCE_SECONDS) for headers in keys
        ]
        yield Party(service, *clients)
        for client in clients:
            client.close()


def gone(answer: httpx2.Response) -> bytes:
    """The body of the one problem that a link gets which leads nowhere."""
    assert (answer.status_code, answer.json()["code"]) == (404, "share_not_found")
    assert answer.headers["cache-control"] == "no-store"
    return bytes(answer.content)


def test_who_has_the_link_reads_hears_and_saves(party: Party) -> None:
    task_id = done(party.service, party.alice, "Our talk.ogg")
    address = party.share(task_id)["address"]
    told = party.guest.get(f"{address}/result")
    assert told.status_code == 200
    assert told.json()["result"] == RESULT
    assert {name: told.json()[name] for name in ("filename", "expires_at", "has_audio")} == {
        "filename": "Our talk.ogg",
        "expires_at": None,
        "has_audio": True,
    }
    assert task_id not in told.text
    assert "alice" not in told.text
    document = party.guest.get(f"{address}/transcript?format=docx")
    assert 'filename="Our talk.docx"' in document.headers["content-disposition"]
    assert "Hello <b> & goodbye." in text_of(document.content)
    for format_ in ("json", "text", "paragraphs", "md", "srt", "vtt", "tsv"):
        assert party.guest.get(f"{address}/transcript", params={"format": format_}).status_code == 200
    assert party.guest.get(f"{address}/audio").content == SPEECH
    part = party.guest.get(f"{address}/audio", headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, SPEECH[100:200])


def test_no_cache_and_no_search_engine_keeps_it(party: Party) -> None:
    address = party.share(done(party.service, party.alice))["address"]
    paths = ("", "/result", "/transcript", "/audio", "/nothing")
    for answer in (party.guest.get(f"{address}{path}", headers=BROWSER) for path in paths):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "etag" not in answer.headers or "/audio" in str(answer.url)


def test_corrections_are_in_what_is_shared(party: Party) -> None:
    task_id = done(party.service, party.alice)
    address = party.share(task_id)["address"]
    changed = {"texts": {"1": " & welcome."}}
    saved = party.alice.put(f"/transcribe/{task_id}/corrections", json=changed, headers={"If-Match": '"0"'})
    assert saved.status_code == 204
    assert party.guest.get(f"{address}/result").json()["result"]["text"] == "Hello <b> & welcome."
    assert party.guest.get(f"{address}/transcript").text == "Hello <b> & welcome.\n"
    plain = party.guest.get(f"{address}/transcript?corrected=false").text
    assert plain == "Hello <b> & goodbye.\n"


def test_there_may_be_many_and_each_is_revoked_alone(party: Party) -> None:
    task_id = done(party.service, party.alice)
    first, second = party.share(task_id), party.share(task_id, 3600)
    assert first["address"] != second["address"]
    listed = party.alice.get(f"/transcribe/{task_id}/shares")
    assert [each["share_id"] for each in listed.json()["shares"]] == [second["share_id"], first["share_id"]]
    ends = listed.json()["shares"][0]["expires_at"]
    assert ends - listed.json()["shares"][0]["created_at"] == pytest.approx(3600)
    assert first["address"].rpartition("/")[2] not in listed.text
    mine = f"/transcribe/{task_id}/shares/{first['share_id']}"
    assert party.alice.delete(mine).status_code == 204
    assert party.alice.delete(mine).json()["code"] == "share_not_found"
    gone(party.guest.get(f"{first['address']}/result"))
    assert party.guest.get(f"{second['address']}/result").status_code == 200
    left = party.alice.get(f"/transcribe/{task_id}/shares").json()["shares"]
    assert [each["share_id"] for each in left] == [second["share_id"]]


def test_wrong_expired_and_revoked_links_are_one_problem(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = done(party.service, party.alice)
    with monkeypatch.context() as past:
        past.setattr(share_service, "_now", lambda: 1_700_000_000.0)
        expired = party.share(task_id, 60)["address"]
    revoked = party.share(task_id)
    party.alice.delete(f"/transcribe/{task_id}/shares/{revoked['share_id']}")
    wrong = ("/shared/x", f"/shared/{'A' * 43}", f"/shared/{'%C3%A4' * 43}")
    for path in ("/result", "/transcript?format=docx", "/audio"):
        answers = [party.guest.get(f"{address}{path}") for address in (expired, revoked["address"], *wrong)]
        assert len({gone(answer) for answer in answers}) == 1
    page = party.guest.get(expired, headers=BROWSER)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_deleting_the_task_revokes_its_links(party: Party) -> None:
    task_id = done(party.service, party.alice)
    address = party.share(task_id)["address"]
    assert party.alice.delete(f"/transcribe/{task_id}").status_code == 204
    gone(party.guest.get(f"{address}/result"))
    gone(party.guest.get(f"{address}/audio"))
    assert party.alice.get(f"/transcribe/{task_id}/shares").json()["code"] == "task_not_found"


def test_nothing_else_is_reached_by_the_token(party: Party) -> None:
    task_id, other = done(party.service, party.alice), done(party.service, party.alice, "other.ogg")
    address = party.share(task_id)["address"]
    token = address.rpartition("/")[2]
    for headers in ({}, {"X-API-Key": token}, {"Authorization": f"Bearer {token}"}):
        for method, path in (
            ("GET", "/transcribe/"),
            ("GET", f"/transcribe/{task_id}"),
            ("GET", f"/transcribe/{other}"),
            ("GET", f"/transcribe/{token}"),
            ("GET", f"/transcribe/{task_id}/shares"),
            ("POST", f"/transcribe/{task_id}/shares"),
            ("GET", f"/transcribe/{task_id}/corrections"),
            ("PUT", f"/transcribe/{task_id}/corrections"),
            ("DELETE", f"/transcribe/{task_id}"),
            ("POST", "/export"),
        ):
            assert party.guest.request(method, path, headers=headers).status_code == 401
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        for path in ("", "/result", "/transcript", "/audio"):
            assert party.guest.request(method, f"{address}{path}").status_code == 405
    for path in (f"/{other}", f"/../{other}", "/corrections", "/shares", "/events"):
        assert party.guest.get(f"{address}{path}").status_code == 404
    assert party.alice.get(f"/transcribe/{task_id}").status_code == 200


def test_only_the_owner_makes_lists_and_revokes_them(party: Party) -> None:
    task_id = done(party.service, party.alice)
    share_id = party.share(task_id)["share_id"]
    shares_of = f"/transcribe/{task_id}/shares"
    for method, path in (("POST", shares_of), ("GET", shares_of), ("DELETE", f"{shares_of}/{share_id}")):
        assert party.bob.request(method, path).json()["code"] == "task_not_found"
    others = done(party.service, party.bob)
    assert party.bob.delete(f"/transcribe/{others}/shares/{share_id}").json()["code"] == "share_not_found"
    assert len(party.alice.get(shares_of).json()["shares"]) == 1


@pytest.mark.parametrize(
    "wish", [{"expires_in_seconds": 0}, {"expires_in_seconds": LONGEST_SECONDS + 1}, {"seconds": 5}, []]
)
def test_a_wrong_wish_is_refused(party: Party, wish: object) -> None:
    task_id = done(party.service, party.alice)
    answer = party.alice.post(f"/transcribe/{task_id}/shares", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
    assert party.alice.get(f"/transcribe/{task_id}/shares").json()["shares"] == []


def test_a_wish_need_not_be_sent(party: Party) -> None:
    task_id = done(party.service, party.alice)
    assert party.alice.post(f"/transcribe/{task_id}/shares").json()["expires_at"] is None


def test_what_is_not_done_cannot_be_shared(party: Party) -> None:
    file = ("talk.ogg", SPEECH)
    task_id = party.alice.post("/transcribe/", files={"file": file}).json()["task_id"]
    answer = party.alice.post(f"/transcribe/{task_id}/shares")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_finished")


def test_a_recording_that_is_not_kept_is_not_promised(party: Party) -> None:
    address = party.share(done(party.service, party.alice))["address"]
    [recording] = party.service.folder.glob("*.ogg")
    recording.unlink()
    assert party.guest.get(f"{address}/result").json()["has_audio"] is False
    assert party.guest.get(f"{address}/audio").json()["code"] == "recording_gone"


def test_only_a_hash_is_stored(party: Party) -> None:
    token = party.share(done(party.service, party.alice))["address"].rpartition("/")[2]
    engine = open_engine(party.service.settings)
    with engine.connect() as connection:
        [row] = connection.execute(shares.select())
    engine.dispose()
    assert token not in json.dumps([str(each) for each in row])
    assert len(token) == 43, "256 bits"


def test_the_token_is_in_no_log_and_no_figure(party: Party, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    address = party.share(done(party.service, party.alice))["address"]
    for path in ("", "/result", "/transcript?format=srt", "/transcript?x=y", "/audio", "/nothing"):
        party.guest.get(f"{address}{path}")
    party.guest.get(f"{party.service.url}/{address.replace('/shared/', '/shared//')}")
    party.guest.delete(f"{address}/result")
    wrong = "wrong-" + "A" * 37
    party.guest.get(f"/shared/{wrong}/result")
    token = address.rpartition("/")[2]
    clients_own = ("httpx2", "httpcore2")
    told = "\n".join(each.getMessage() for each in caplog.records if not each.name.startswith(clients_own))
    assert "/shared/{token}/result" in told
    assert token not in told
    assert wrong not in told
    figures = party.bob.get("/metrics").text
    assert 'route="/shared/{token}/result"' in figures
    assert token not in figures


def test_links_lead_on_when_redis_has_forgotten_the_task(party: Party) -> None:
    task_id = done(party.service, party.alice)
    address = party.share(task_id)["address"]
    with redis.Redis(port=party.service.settings.redis_port) as client:
        client.delete(*party.service.keys())
    for note in party.service.folder.rglob(f"*{task_id}*.json"):
        note.unlink()
    assert party.guest.get(f"{address}/result").json()["result"] == RESULT


def test_a_crowd_of_guests_has_few_transcripts_in_memory(
    party: Party, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = party.share(done(party.service, party.alice))["address"]
    reads: list[str] = []
    made = Counted(shared._file, reads)
    opened = ShareService.open

    async def counted(service: ShareService, token: str) -> Opened:
        found = await opened(service, token)
        reads.append("read")
        return found

    monkeypatch.setattr(ShareService, "open", counted)
    monkeypatch.setattr(shared, "_file", made)
    with ThreadPoolExecutor(8) as pool:
        asked = [
            pool.submit(httpx2.get, f"{party.service.url}{address}/transcript", timeout=60) for _ in range(8)
        ]
        until(lambda: reads.count("read") >= GUESTS_AT_ONCE)
        assert party.alice.get("/health/live").status_code == 200
        made.let_go.set()
        assert {each.result().status_code for each in asked} == {200}
    in_memory = list(accumulate(1 if each == "read" else -1 for each in reads))
    assert max(in_memory) == GUESTS_AT_ONCE


class Counted:
    """A function that waits until it is let go, and tells when it has ended."""

    def __init__(self, function: Callable[..., Any], told: list[str]) -> None:
        self._function = function
        self._told = told
        self.let_go = threading.Event()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        assert self.let_go.wait(PATIENCE_SECONDS)
        made = self._function(*args, **kwargs)
        self._told.append("made")
        return made


def test_without_an_archive_it_is_said(settings_for: Callable[..., Settings]) -> None:
    with serving(settings_for(archive=False)) as service, httpx2.Client(base_url=service.url) as client:
        task_id = done(service, client)
        answer = client.post(f"/transcribe/{task_id}/shares")
        assert (answer.status_code, answer.json()["code"]) == (404, "archive_off")
        assert "ARCHIVE=false" in answer.json()["detail"]
        gone(client.get(f"/shared/{'A' * 43}/result"))
