"""Recordings that are fetched, and webhooks that are sent, by the whole service."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx2
import pytest

from tests.integration.whole.conftest import WEBHOOK_SECRET
from tests.support.api import ASSETS, Service
from tests.support.serving import until
from tests.support.transcoding import Target, transcode
from tests.support.web_server import Server, answer
from tests.support.webhook_receiver import is_genuine

pytestmark = pytest.mark.weights


@pytest.fixture
def server(assets: Path) -> Iterator[Server]:
    """Somebody else's server, which has a recording and wants to be told."""
    with Server() as started:
        started.answers["/talk.mp3"] = answer(200, (assets / "speech_en.mp3").read_bytes())
        started.answers["/gone.mp3"] = answer(404)
        started.answers["/text.mp3"] = answer(200, b"no sound at all")
        started.answers["/hook"] = answer(204)
        started.answers["/refuses"] = answer(410)
        yield started


def ended(whole: Service, **fields: str) -> dict[str, object]:
    """State of a task once it has ended."""
    sent = httpx2.post(f"{whole.url}/transcribe/", params=fields)
    assert sent.status_code == 202, sent.text
    state = httpx2.get(f"{whole.url}{sent.headers['location']}", params={"wait": 50}, timeout=60)
    return dict(state.json())


def test_a_recording_is_fetched(whole: Service, server: Server) -> None:
    state = ended(whole, url=server.url("/talk.mp3"))

    assert state["status"] == "done"
    assert "under the old tree" in json.dumps(state["result"])
    until(lambda: list(whole.settings.upload_dir.glob(f"{state['task_id']}.*")) == [])


def test_a_raw_stream_is_told_by_its_address(whole: Service, server: Server, tmp_path: Path) -> None:
    """It has no header: the worker needs the extension of the address."""
    stream = transcode(ASSETS / "speech_en.flac", tmp_path / "talk", Target("g722", "g722"))
    server.answers["/talk.g722?sig=1"] = answer(200, stream.read_bytes())
    state = ended(whole, url=server.url("/talk.g722?sig=1"))

    assert state["status"] == "done"
    assert "under the old tree" in json.dumps(state["result"])


@pytest.mark.parametrize(
    ("path", "code"), [("/gone.mp3", "fetch_refused"), ("/text.mp3", "audio_undecodable")]
)
def test_an_address_without_a_recording(whole: Service, server: Server, path: str, code: str) -> None:
    state = ended(whole, url=server.url(path))
    assert (state["status"], dict(state["error"])["code"]) == ("error", code)  # type: ignore[call-overload]


def test_the_end_is_told_and_signed(whole: Service, server: Server) -> None:
    state = ended(whole, url=server.url("/talk.mp3"), webhook=server.url("/hook"))
    until(lambda: any(seen.path == "/hook" for seen in server.requests))
    [seen] = [seen for seen in server.requests if seen.path == "/hook"]
    message = json.loads(seen.body)

    assert message["type"] == "transcription.done"
    assert message["data"] == {"task_id": state["task_id"], "status": "done"}
    assert seen.headers["webhook-id"] == state["task_id"]
    assert is_genuine(WEBHOOK_SECRET, seen.headers, seen.body)
    assert not is_genuine(WEBHOOK_SECRET, seen.headers, seen.body + b" ")
    until(lambda: delivery(whole, state) == {"state": "delivered", "attempts": 1, "status": 204})


def test_a_failure_is_told_too_and_a_refusal_ends_it(whole: Service, server: Server) -> None:
    state = ended(whole, url=server.url("/gone.mp3"), webhook=server.url("/refuses"))
    until(lambda: delivery(whole, state) == {"state": "failed", "attempts": 1, "status": 410})
    [seen] = [seen for seen in server.requests if seen.path == "/refuses"]

    assert json.loads(seen.body)["type"] == "transcription.failed"
    assert json.loads(seen.body)["data"]["error"]["code"] == "fetch_refused"


def test_who_does_not_answer_is_tried_again_later(whole: Service, server: Server) -> None:
    server.answers["/down"] = answer(503)
    state = ended(whole, url=server.url("/talk.mp3"), webhook=server.url("/down"))
    until(lambda: delivery(whole, state) == {"state": "pending", "attempts": 1, "status": 503})


def test_private_addresses_are_closed_unless_the_operator_opens_them(
    serving_with: Callable[..., AbstractContextManager[Service]], server: Server
) -> None:
    with serving_with(fetch_private_addresses=False) as service:
        sent = httpx2.post(f"{service.url}/transcribe/", params={"url": server.url("/talk.mp3")})
    assert (sent.status_code, sent.json()["code"]) == (422, "unsafe_address")


def delivery(whole: Service, state: dict[str, object]) -> object:
    return httpx2.get(f"{whole.url}/transcribe/{state['task_id']}").json().get("webhook")
