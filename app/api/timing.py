"""Every request is counted and timed."""

import time
from http import HTTPMethod

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.metrics import Metrics

OTHER = "other"
"""Label of unknown methods and routes: clients may invent as many as they like."""

METHODS = frozenset(HTTPMethod)


class Timing:
    """ASGI middleware around all others."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def send_timed(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = time.perf_counter() - started
                method = scope["method"] if scope["method"] in METHODS else OTHER
                self._metrics.answered(method, _route_of(scope), message["status"], seconds)
            await send(message)

        await self._app(scope, receive, send_timed)


def _route_of(scope: Scope) -> str:
    """The pattern of the route that answered, such as `/transcribe/{task_id}`."""
    route = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) else OTHER
