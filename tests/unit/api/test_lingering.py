"""Early answers: complete at once, and the rest of the body is read for a while only."""

import anyio
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from app.api.lingering import LingeringClose

SCOPE: Scope = {"type": "http", "method": "POST", "headers": [(b"transfer-encoding", b"chunked")]}


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("no", 413)(scope, receive, send)


async def read_all(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await PlainTextResponse("yes")(scope, receive, send)


class Client:
    """Sends so many pieces of a body, then nothing more unless it ends it; keeps what it is told."""

    def __init__(self, pieces: int, *, ends: bool = True) -> None:
        self.left = pieces
        self.ends = ends
        self.heard: list[Message] = []

    async def receive(self) -> Message:
        if self.left == 0 and not self.ends:
            await anyio.sleep_forever()
        self.left -= 1
        return {"type": "http.request", "body": b"x", "more_body": self.left > 0 or not self.ends}

    async def send(self, message: Message) -> None:
        self.heard.append({**message, "left": self.left})


async def test_the_answer_comes_first_and_the_rest_is_read() -> None:
    client = Client(5)
    await LingeringClose(refuse)(SCOPE, client.receive, client.send)
    start, body, end = client.heard
    assert (b"connection", b"close") in start["headers"]
    assert (body["body"], body["more_body"], body["left"]) == (b"no", True, 5)
    assert (end["body"], end["more_body"], end["left"]) == (b"", False, 0)


@pytest.mark.parametrize("limits", [{"idle_seconds": 0.05}, {"linger_seconds": 0.05}])
async def test_a_client_that_never_ends_is_left(limits: dict[str, float]) -> None:
    client = Client(2, ends=False)
    with anyio.fail_after(10):
        await LingeringClose(refuse, **limits)(SCOPE, client.receive, client.send)
    assert client.heard[-1]["more_body"] is False


async def test_a_client_that_went_away_is_left() -> None:
    heard: list[Message] = []

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        heard.append(message)

    await LingeringClose(refuse)(SCOPE, gone, send)
    assert heard[-1]["more_body"] is False


async def test_a_body_that_was_read_keeps_its_connection() -> None:
    client = Client(3)
    await LingeringClose(read_all)(SCOPE, client.receive, client.send)
    assert [message["type"] for message in client.heard] == ["http.response.start", "http.response.body"]
    assert b"connection" not in dict(client.heard[0]["headers"])


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")]])
async def test_a_request_without_body_is_left_alone(headers: list[tuple[bytes, bytes]]) -> None:
    client = Client(0, ends=False)
    await LingeringClose(refuse)({**SCOPE, "headers": headers}, client.receive, client.send)
    assert len(client.heard) == 2
