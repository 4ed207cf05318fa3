"""Headers that all answers have."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)

POLICY = b"content-security-policy"

NOTHING = (POLICY, b"default-src 'none'; frame-ancestors 'none'")
"""Of answers that are no pages."""

DOCS = (
    POLICY,
    b"default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    b"img-src 'self' data:; frame-ancestors 'none'",
)
"""The documentation's page has a script and styles of its own inside."""


def add_headers(request: Request, headers: dict[str, str]) -> None:
    """Give the answer to a request these headers, whatever it will be."""
    request.state.headers = getattr(request.state, "headers", {}) | headers


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
                policy = DOCS if scope["path"].startswith("/docs") else NOTHING
                left = scope.get("state", {}).get("headers", {})
                extra = [(name.lower().encode(), value.encode()) for name, value in left.items()]
                there = {name for name, _ in message["headers"]}
                added = [each for each in (*SECURITY, policy, *extra) if each[0] not in there]
                message["headers"] = [*message["headers"], *added]
            await send(message)

        await self._app(scope, receive, send_with_headers)
