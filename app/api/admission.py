"""Requests that are refused before any route sees them, whatever they ask for."""

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.problems import refusal_of
from app.api.sites import SitePolicy
from app.core.errors import AmbiguousLength, RequestError


class Admission:
    """ASGI middleware that answers with a problem where one of its checks fails.

    It must lie inside `LingeringClose`, which ends the connection after an answer that comes before the body.
    """

    def __init__(self, app: ASGIApp, sites: SitePolicy) -> None:
        self._app = app
        self._sites = sites

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            headers = Headers(scope=scope)
            check_length(headers)
            self._sites.check(scope["method"], headers)
        except RequestError as error:
            await refusal_of(Request(scope), error)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def check_length(headers: Headers) -> None:
    """Raise AmbiguousLength where two headers tell the length of the body (RFC 9112, section 6.1).

    A proxy in front may believe the one and this server the other: what the proxy takes for a body would then
    be read here as the next request of somebody else (request smuggling).
    """
    if "transfer-encoding" in headers and "content-length" in headers:
        raise AmbiguousLength(
            "The request tells the length of its body in Content-Length and in Transfer-Encoding; send one."
        )
