"""Requests as spans: of the caller's trace where it has one."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.timing import route_of
from app.core.tracing import traced


class Traces:
    """ASGI middleware, added where traces are wanted."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method, parent = scope["method"], Headers(scope=scope).get("traceparent")
        with traced(method, parent) as span:

            async def send_traced(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.update_name(f"{method} {route_of(scope)}")
                    span.set_attribute("http.response.status_code", message["status"])
                await send(message)

            await self._app(scope, receive, send_traced)
