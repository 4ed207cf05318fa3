"""Addresses that are secrets: whoever has the link of a shared transcript may read it.

So the token in it is in no log, trace or error of ours, and no search engine or cache keeps what it leads to.
"""

import logging
import re

from opentelemetry import trace
from starlette.types import ASGIApp, Receive, Scope, Send

ACCESS_LOGGER = "uvicorn.access"

PRIVACY = {"cache-control": "no-store", "x-robots-tag": "noindex, nofollow"}
"""Beside the headers that all answers have: `Referrer-Policy: no-referrer` is one of these."""

_SECRET = re.compile(r"(/shared/+)[^/?#]+", re.IGNORECASE)
"""Also where a link was copied with a space or typed with a capital: it leads nowhere, its token does."""


def told_path(path: str) -> str:
    """A path as it may be told: `/shared/{token}/audio`."""
    return _SECRET.sub(r"\1{token}", path)


class SecretPaths:
    """ASGI middleware: traces get the path without its secret, answers their headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (told := told_path(scope["path"])) != scope["path"]:
            trace.get_current_span().set_attribute("url.path", told)
            state = scope.setdefault("state", {})
            state["headers"] = state.get("headers", {}) | PRIVACY
        await self._app(scope, receive, send)


class _WithoutSecrets(logging.Filter):
    """uvicorn's lines of requests have the path among their arguments."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(told_path(each) if isinstance(each, str) else each for each in record.args)
        return True


_FILTER = _WithoutSecrets()


def keep_secrets() -> None:
    """Have the log of requests tell no secret; the second time it changes nothing."""
    logging.getLogger(ACCESS_LOGGER).addFilter(_FILTER)
