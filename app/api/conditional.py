"""Answers that a client may have already (RFC 9110, section 13)."""

from collections.abc import Collection
from hashlib import blake2b

from starlette.requests import Request
from starlette.responses import Response

from app.api.compression import SUFFIX, compressed, vary

NOT_MODIFIED_HEADERS = ("retry-after", "vary", "cache-control")
"""What a 304 repeats of the answer that it stands for."""


def unless_known(request: Request, response: Response) -> Response:
    """The answer with its ETag, compressed where that is wanted, or 304 where If-None-Match names it."""
    digest = blake2b(bytes(response.body), digest_size=16).hexdigest()
    tag, packed_tag = f'"{digest}"', f'"{digest}{SUFFIX}"'
    response.headers["ETag"] = tag
    response.headers.setdefault("Cache-Control", "private, no-cache")
    if_none_match = request.headers.get("if-none-match", "")
    if not is_known(if_none_match, {tag, packed_tag}):
        return compressed(request, response)
    vary(response)  # a cache takes the Vary of the 304 for that of what it holds
    headers = {name: value for name, value in response.headers.items() if name in NOT_MODIFIED_HEADERS}
    known_tag = packed_tag if is_known(if_none_match, {packed_tag}) and "*" not in if_none_match else tag
    return Response(status_code=304, headers={**headers, "ETag": known_tag})


def is_known(if_none_match: str, tags: Collection[str]) -> bool:
    """Whether the header names one of the tags, as strong or weak ones, or any (`*`)."""
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return bool(known & {*tags, "*"})
