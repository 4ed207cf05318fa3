"""Webhooks reach a real server, signed, and no answer can hold the sender up."""

import threading
from collections.abc import Sequence

import pytest

from app.core.errors import FetchFailed, UnsafeAddress
from app.net.sign import signature_headers
from app.net.webhook import WebhookSender
from tests.support.web_server import LOCAL, PUBLIC_ONLY, Names, Server, answer, endless, raw, stalled
from tests.support.webhook_receiver import is_genuine

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"task_id": "1"}'


async def test_a_message_arrives_and_can_be_verified(server: Server) -> None:
    server.answers["/hook?x=1"] = answer(202, b"thanks")
    headers = {"Content-Type": "application/json"} | signature_headers(SECRET, "msg_1", 1_700_000_000, BODY)
    assert await WebhookSender(LOCAL).post(server.url("/hook?x=1"), BODY, headers) == 202
    seen = server.requests[0]
    assert (seen.method, seen.path, seen.body) == ("POST", "/hook?x=1", BODY)
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert seen.headers["content-type"] == "application/json"
    assert is_genuine(SECRET, seen.headers, seen.body)


@pytest.mark.parametrize("status", [204, 400, 404, 410, 429, 500, 503])
async def test_every_status_is_an_answer(server: Server, status: int) -> None:
    server.answers["/hook"] = answer(status)
    assert await WebhookSender(LOCAL).post(server.url("/hook"), BODY, {}) == status


async def test_a_redirect_is_not_followed(server: Server) -> None:
    server.answers["/hook"] = answer(307, location="/other")
    assert await WebhookSender(LOCAL).post(server.url("/hook"), BODY, {}) == 307
    assert len(server.requests) == 1


async def test_an_endless_answer_is_not_read(server: Server) -> None:
    server.answers["/hook"] = endless(server, b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536)
    assert await WebhookSender(LOCAL).post(server.url("/hook"), BODY, {}) == 200


async def test_an_answer_that_stalls_after_its_status_counts(server: Server) -> None:
    server.answers["/hook"] = stalled(server, b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"abc")
    assert await WebhookSender(LOCAL).post(server.url("/hook"), BODY, {}) == 200


async def test_a_receiver_that_does_not_answer_is_given_up(server: Server) -> None:
    server.answers["/hook"] = stalled(server)
    with pytest.raises(FetchFailed, match=r"within 0\.2 seconds"):
        await WebhookSender(LOCAL, seconds=0.2).post(server.url("/hook"), BODY, {})


async def test_a_receiver_that_drips_headers_is_given_up(server: Server) -> None:
    server.answers["/hook"] = endless(server, b"HTTP/1.1 200 OK\r\n", b"x", pause=0.02)
    with pytest.raises(FetchFailed, match=r"within 0\.3 seconds"):
        await WebhookSender(LOCAL, seconds=0.3).post(server.url("/hook"), BODY, {})


async def test_a_look_up_that_hangs_is_given_up() -> None:
    answered = threading.Event()

    def hanging(host: str, port: int) -> Sequence[str]:
        answered.wait()
        return ["127.0.0.1"]

    with pytest.raises(FetchFailed, match=r"within 0\.2 seconds"):
        await WebhookSender(LOCAL, resolver=hanging, seconds=0.2).post("http://media.example/", BODY, {})
    answered.set()


async def test_nobody_listens() -> None:
    with Server() as gone:
        url = gone.url("/hook")
    with pytest.raises(FetchFailed, match="failed"):
        await WebhookSender(LOCAL).post(url, BODY, {})


async def test_what_is_no_http_server(server: Server) -> None:
    server.answers["/hook"] = raw(b"220 mail.example ESMTP\r\n")
    with pytest.raises(FetchFailed, match="does not speak HTTP"):
        await WebhookSender(LOCAL).post(server.url("/hook"), BODY, {})


async def test_the_next_address_is_tried_where_one_does_not_answer(server: Server) -> None:
    server.answers["/hook"] = answer()
    names = Names(media=[["127.0.0.2", "127.0.0.1"]])
    url = server.url("/hook", "media.example")
    assert await WebhookSender(LOCAL, resolver=names).post(url, BODY, {}) == 200
    assert names.asked == ["media.example"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "inside.example"])
async def test_an_unsafe_receiver_is_sent_nothing(server: Server, host: str) -> None:
    names = Names(localhost=[["127.0.0.1"]], inside=[["10.0.0.1"]])
    with pytest.raises(UnsafeAddress):
        await WebhookSender(PUBLIC_ONLY, resolver=names).post(server.url("/hook", host), BODY, {})
    assert server.requests == []
