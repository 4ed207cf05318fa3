"""Requests as no well-meaning client sends them, byte by byte on a socket."""

import re
import socket

import httpx2
import pytest

from tests.integration.api.bad_requests import FORM_TYPE, GOOD
from tests.integration.api.test_streaming import answer_on
from tests.integration.api.test_tasks import finish, post
from tests.support.api import Service
from tests.support.serving import PATIENCE_SECONDS


@pytest.mark.parametrize("event_id", ["9" * 5000, "٣", "-1", "1e3", "0x1"])
def test_an_event_id_that_is_no_place_in_a_stream_begins_it_anew(
    service: Service, client: httpx2.Client, event_id: str
) -> None:
    task_id = post(client)
    finish(service.settings, task_id)
    headers = {b"Last-Event-ID": event_id.encode()}
    answer = client.get(f"/transcribe/{task_id}/events", headers=headers)

    assert answer.status_code == 200
    assert "event: done" in answer.text


@pytest.mark.parametrize("length", [b"5", b"0", str(len(GOOD)).encode()])
def test_two_ways_to_tell_a_length_end_the_connection(service: Service, length: bytes) -> None:
    """RFC 9112, 6.1: a proxy in front may have believed the other one, and take what follows for a body."""
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(
            b"POST /transcribe/ HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Type: " + FORM_TYPE.encode() + b"\r\nContent-Length: " + length + b"\r\n\r\n"
            b"0\r\n\r\nGET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        answer = answer_on(connection)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows is no request of this client"
    assert b"connection: close" in answer.lower()
    assert b'"code":"ambiguous_length"' in answer


def test_invented_methods_do_not_grow_the_metrics(service: Service, client: httpx2.Client) -> None:
    """Each pair of labels is kept for as long as the process lives."""
    for number in range(30):
        assert client.request(f"METHOD{number}", "/health/live").status_code == 405
        assert client.request("PURGE", f"/invented/{number}").status_code == 404
        assert client.get(f"/transcribe/{number}").status_code == 404
    text = client.get("/metrics").text

    assert set(re.findall(r'method="([^"]*)"', text)) == {"GET", "other"}
    assert set(re.findall(r'route="([^"]*)"', text)) == {"/health/live", "/transcribe/{task_id}", "other"}
