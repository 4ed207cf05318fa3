"""Long texts in answers, compressed where the client takes that (RFC 9110, section 12.5.3).

Not as middleware: that would compress on the event loop, where a transcript of some hours takes a tenth of a
second.
"""

import gzip

from starlette.requests import Request
from starlette.responses import Response

from app.formats.accept import ranges_of

LEAST_BYTES = 16 * 1024
"""A shorter answer is as many packets on the way."""

LEVEL = 5
"""Of a transcript with words a tenth is left; level 9 takes four times as long for 3 % less."""

SUFFIX = "-gzip"
"""Of an ETag: a strong one names the very bytes."""

_TEXTS = ("application/json", "application/x-subrip", "text/")


def compressed(request: Request, response: Response) -> Response:
    """The answer, its body compressed where that is worth it and wanted."""
    kind = response.headers.get("Content-Type", "")
    if len(response.body) < LEAST_BYTES or not kind.startswith(_TEXTS) or _is_encoded(response):
        return response
    vary = response.headers.get("Vary")
    response.headers["Vary"] = f"{vary}, Accept-Encoding" if vary else "Accept-Encoding"
    if not _takes_gzip(request.headers.get("accept-encoding", "")):
        return response
    response.body = gzip.compress(bytes(response.body), LEVEL, mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    if tag := response.headers.get("ETag"):
        response.headers["ETag"] = f'{tag.removesuffix(chr(34))}{SUFFIX}"'
    return response


def _is_encoded(response: Response) -> bool:
    return "Content-Encoding" in response.headers


def _takes_gzip(accept_encoding: str) -> bool:
    qualities = {each.name: each.quality for each in ranges_of(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
