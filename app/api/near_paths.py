"""Addresses that are nearly right: what people write for the base URL of an OpenAI client.

Some programs want the base URL with `/v1`, some without, some the address of the endpoint itself; some add a
slash. Each gives another path, and all of them can only mean one thing.
"""

import re
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

_SLASHES = re.compile(r"/{2,}")
_AUDIO = re.compile(r"(/.*)?/audio/(?P<what>transcriptions|translations)/?")
_MODELS = re.compile(r"(/v1|/openai|/api|/audio/transcriptions)*/models(?P<name>/.+?)?/?")
_DEPLOYMENT = re.compile(r"/deployments/(?P<model>[^/]+)/audio/")
"""Azure's clients name the model in the path."""

OTHER_NAMES = {"/inference": "/v1/audio/transcriptions"}
"""`/inference` is the address of whisper.cpp's server, whose form has OpenAI's fields."""


class NearPaths:
    """ASGI middleware that puts the right path in the place of one that is nearly right."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (path := right_path(scope["path"])) != scope["path"]:
            query = _with_deployment(scope["query_string"], scope["path"])
            scope.update(path=path, raw_path=quote(path).encode(), query_string=query)
        await self._app(scope, receive, send)


def right_path(path: str) -> str:
    """The path that is meant; `path` itself where nothing else is."""
    single = _SLASHES.sub("/", path)
    if found := _AUDIO.fullmatch(single):
        return f"/v1/audio/{found['what']}"
    if found := _MODELS.fullmatch(single):
        return f"/v1/models{found['name'] or ''}"
    return OTHER_NAMES.get(single.rstrip("/"), path)


def _with_deployment(query: bytes, path: str) -> bytes:
    found = _DEPLOYMENT.search(path)
    if found is None:
        return query
    model = f"model={quote(found['model'], safe='')}".encode()
    return b"&".join(filter(None, (query, model)))
