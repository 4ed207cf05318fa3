"""Answers that come before the request has ended.

A server that refuses an upload in its middle and closes the connection makes the client's network stack throw
the answer away: it reports a reset instead of the refusal. So the answer is sent, and the rest of the body is
read and dropped for a while (nginx calls it a lingering close).
"""

import asyncio
import contextlib
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OF_BODIES = frozenset({b"content-length", b"transfer-encoding"})

LINGER_SECONDS = 30.0
LINGER_IDLE_SECONDS = 5.0


class LingeringClose:
    """ASGI middleware that reads on after an early answer; the connection is not used again."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        linger_seconds: float = LINGER_SECONDS,
        idle_seconds: float = LINGER_IDLE_SECONDS,
    ) -> None:
        self._app = app
        self._linger_seconds = linger_seconds
        self._idle_seconds = idle_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _has_body(scope):
            await self._app(scope, receive, send)
            return
        body_ended = False

        async def receive_watched() -> Message:
            nonlocal body_ended
            message = await receive()
            body_ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
            return message

        async def send_lingering(message: Message) -> None:
            if body_ended:
                await send(message)
            elif message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
                await send(message)
            elif message.get("more_body", False):
                await send(message)
            else:
                await send({**message, "more_body": True})
                await self._drop_rest(receive)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app(scope, receive_watched, send_lingering)

    async def _drop_rest(self, receive: Receive) -> None:
        deadline = time.monotonic() + self._linger_seconds
        with contextlib.suppress(TimeoutError):
            while (left := deadline - time.monotonic()) > 0:
                message = await asyncio.wait_for(receive(), min(left, self._idle_seconds))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def _has_body(scope: Scope) -> bool:
    return any(name in _OF_BODIES and value != b"0" for name, value in scope["headers"])
