"""An ASGI application on a real socket, in a thread of the test."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

PATIENCE_SECONDS = 120.0
"""After so long a test takes what it waits for as never coming: far more than a busy machine needs, since a
test must depend on what happens, not on how soon."""


@contextmanager
def listening(app: ASGIApp, port: int = 0, *, graceful_seconds: int | None = None) -> Iterator[int]:
    """Run an application until the block ends; the port that it listens on."""
    config = uvicorn.Config(
        app, log_config=None, proxy_headers=False, timeout_graceful_shutdown=graceful_seconds
    )
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", port))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def until(true: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for `true()`; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
