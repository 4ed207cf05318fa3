"""How long a connection may say nothing, and how many there may be.

uvicorn ends connections that are idle after a request, and no others: who connects and says nothing, sends
a header byte by byte, or does not read its answer holds a file of this process for ever, until there is none
left and nobody is answered. Its `limit_concurrency` does not help: while there are many idle connections, it
refuses the requests of everybody else.

So each connection is a `WatchedProtocol`, which is uvicorn's own with time-outs. Where there are too many,
the one goes that has been idle longest, as in nginx.
"""

import asyncio
import logging
from typing import Any, ClassVar

from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.core.files import allow_files
from app.core.throttle import Throttled

logger = logging.getLogger(__name__)

FILES_PER_CONNECTION = 3
"""Its socket, one to Redis, and the recording that it sends."""

SPARE_FILES = 64
"""For everything else: logs, listeners, modules, webhooks."""

WRITE_SECONDS = 60.0
"""Longest time in which a client reads nothing of its answer."""

ACCEPT_FAILED = "socket.accept() out of system resource"
"""As asyncio words it (selector_events.py)."""

REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\nRetry-After: 10\r\n\r\n"
    b"This server has as many connections as it may have (MAX_CONNECTIONS); please try again later.\n"
)


class ConnectionLimit:
    """The connections of one server: which of them are idle, and whether one more may be accepted."""

    def __init__(self, most: int, header_seconds: float) -> None:
        self.most = most
        self.header_seconds = header_seconds
        self.idle: dict[WatchedProtocol, None] = {}
        """In the order in which they became idle."""
        self._full = Throttled(logger.warning)

    def accepts(self, count: int) -> bool:
        """Whether one more may be accepted, `count` with it; at the limit the longest idle one is closed."""
        if count <= self.most:
            return True
        longest = next(iter(self.idle), None)
        what = "is refused" if longest is None else "takes the place of one that is idle"
        self._full("There are %d connections (MAX_CONNECTIONS): each new one %s", self.most, what)
        if longest is None:
            return False
        longest.close_idle()
        return True


class WatchedProtocol(H11Protocol):
    """uvicorn's protocol, whose connections end when nothing comes of them."""

    limit: ClassVar[ConnectionLimit]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._header_timer: asyncio.TimerHandle | None = None
        self._write_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or refuse it at the limit."""
        super().connection_made(transport)
        if self.limit.accepts(len(self.connections)):
            self._wait_for_request()
        else:
            transport.write(REFUSAL)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop its timers."""
        self._stop_waiting()
        if self._write_timer is not None:
            self._write_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; the wait is over once the header of a request is complete."""
        super().data_received(data)
        if self._is_busy:
            self._stop_waiting()

    def on_response_complete(self) -> None:
        """Wait for the next request, and for the client to read what was said."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._watch_writing()
        if not self._is_busy and not self.transport.is_closing():
            self._wait_for_request()

    def pause_writing(self) -> None:
        """The client reads more slowly than the answer comes."""
        super().pause_writing()
        self._watch_writing()

    def close_idle(self) -> None:
        """End a connection that is idle, whatever the client has not read yet."""
        self._stop_waiting()
        if not self.transport.is_closing():
            self.timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_request(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(self.limit.header_seconds, self.close_idle)
            self.limit.idle[self] = None

    def _stop_waiting(self) -> None:
        self.limit.idle.pop(self, None)
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _watch_writing(self) -> None:
        if self._write_timer is None:
            left = self.transport.get_write_buffer_size()
            self._write_timer = self.loop.call_later(WRITE_SECONDS, self._check_writing, left)

    def _check_writing(self, before: int) -> None:
        """Go on as long as the client reads anything."""
        self._write_timer = None
        left = self.transport.get_write_buffer_size()
        if left >= before:
            logger.debug("A client reads nothing of its answer; its connection is cut")
            self.transport.abort()
        elif left:
            self._watch_writing()


class Connections:
    """ASGI middleware around all of the application: gives the server that starts it `WatchedProtocol`.

    No option of uvicorn's command line does that for everybody who types `uvicorn main:app`. Before it
    listens, the server hands the application a method of its own, which leads to its configuration. This must
    be the outermost middleware: FastAPI wraps that method.
    """

    def __init__(self, app: ASGIApp, most: int, header_seconds: float) -> None:
        self._app = app
        self._most = most
        self._header_seconds = header_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            self._install(receive)
        await self._app(scope, receive, send)

    def _install(self, receive: Receive) -> None:
        config = getattr(getattr(receive, "__self__", None), "config", None)
        if not isinstance(config, Config):
            logger.debug("Not started by uvicorn: how long connections may be idle is the server's business")
            return
        room = self._room()
        config.http_protocol_class = watched(room, self._header_seconds)
        config.backlog = min(config.backlog, room)  # so many are accepted at once, before any can be refused
        asyncio.get_running_loop().set_exception_handler(LoopErrors())

    def _room(self) -> int:
        """How many connections there may be: MAX_CONNECTIONS, or what the process has files for."""
        files = allow_files(self._most * FILES_PER_CONNECTION + SPARE_FILES)
        room = max(1, (files - SPARE_FILES) // FILES_PER_CONNECTION)
        if room < self._most:
            logger.warning(
                "This process may open %d files, which is enough for %d connections and not for "
                "MAX_CONNECTIONS=%d: raise the limit (ulimit -n)",
                files,
                room,
                self._most,
            )
        return min(room, self._most)


class LoopErrors:
    """What asyncio reports; that no connection can be accepted, once a minute, not 2,000 times a second."""

    def __init__(self) -> None:
        self._full = Throttled(logger.error)

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if context["message"] == ACCEPT_FAILED:
            self._full("No connection can be accepted: %s", context.get("exception"))
        else:
            loop.default_exception_handler(context)


def watched(most: int, header_seconds: float) -> type[WatchedProtocol]:
    """The protocol of one server."""
    return type("Protocol", (WatchedProtocol,), {"limit": ConnectionLimit(most, header_seconds)})
