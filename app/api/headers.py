"""Headers that all answers have."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}

NOTHING = "default-src 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of answers that are no pages."""

DOCS = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; frame-ancestors 'none'"
)
"""The documentation's page has a script and styles of its own inside."""


class StandardHeaders:
    """ASGI middleware: the headers above, and those that a route left in `request.state.headers`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                policy = DOCS if scope["path"].startswith("/docs") else NOTHING
                extra = scope.get("state", {}).get("headers", {})
                for name, value in {**SECURITY, "Content-Security-Policy": policy, **extra}.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
