"""Requests that bring recordings are counted, and so is their size."""

import math

from fastapi import Depends, Request

from app.api.auth import CallerDep
from app.api.deps import Services, ServicesDep
from app.api.headers import add_headers
from app.api.uploads import content_length
from app.schemas.caller import Caller
from app.services.options import UPLOAD

MEBIBYTE = 2**20


async def _count(request: Request, services: ServicesDep, caller: CallerDep) -> None:
    """Count the request, unless what it asks for was counted as it began to arrive. Raises RateLimited,
    QueueUnavailable."""
    if UPLOAD not in request.query_params:
        await count(request, services, caller, content_length(request))


async def count(
    request: Request, services: Services, caller: Caller, length: int | None, *, recordings: int = 1
) -> None:
    """Count recordings and their bytes; the answer tells how much is left
    (draft-ietf-httpapi-ratelimit-headers-10).

    Where the length is not known they count as the largest that may come. Raises RateLimited,
    QueueUnavailable.
    """
    address = request.client.host if request.client else "unknown"
    size = services.settings.max_upload_bytes if length is None else length
    left = await services.limiter.count(caller.name or address, math.ceil(size / MEBIBYTE), recordings)
    if left:
        policies = [f'"{each.what}";q={each.amount};w={each.window_seconds}' for each in left]
        limits = [f'"{each.what}";r={each.remaining};t={each.reset_seconds}' for each in left]
        add_headers(request, {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(limits)})


COUNTED = Depends(_count)
