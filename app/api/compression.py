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
    vary(response)
    if not _is_compressible(response) or not _takes_gzip(request.headers.get("accept-encoding", "")):
        return response
    response.body = gzip.compress(bytes(response.body), LEVEL, mtime=0)
    response.headers["Content-Encoding"] = "gzip"
    response.headers["Content-Length"] = str(len(response.body))
    if tag := response.headers.get("ETag"):
        response.headers["ETag"] = f'{tag.removesuffix(chr(34))}{SUFFIX}"'
    return response


def vary(response: Response) -> None:
    """Have the header Vary tell caches that others get it compressed, where they do."""
    told = response.headers.get("Vary", "")
    if _is_compressible(response) and "Accept-Encoding" not in told:
        response.headers["Vary"] = f"{told}, Accept-Encoding" if told else "Accept-Encoding"


def _is_compressible(response: Response) -> bool:
    kind = response.headers.get("Content-Type", "")
    is_encoded = "Content-Encoding" in response.headers
    return len(response.body) >= LEAST_BYTES and kind.startswith(_TEXTS) and not is_encoded


def _takes_gzip(accept_encoding: str) -> bool:
    qualities = {each.name: each.quality for each in ranges_of(accept_encoding)}
    return qualities.get("gzip", qualities.get("*", 0.0)) > 0
