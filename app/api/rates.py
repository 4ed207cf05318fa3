"""Requests that bring recordings are counted, and so is their size."""

import math

from fastapi import Depends, Request

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.uploads import length_of

MEBIBYTE = 2**20


async def _count(request: Request, services: ServicesDep, caller: CallerDep) -> None:
    """Count the request; its answer tells how much is left (draft-ietf-httpapi-ratelimit-headers-10).

    A request that does not tell its length counts as the largest that may come. Raises RateLimited,
    QueueUnavailable.
    """
    address = request.client.host if request.client else "unknown"
    length = length_of(request)
    size = services.settings.max_upload_bytes if length is None else length
    left = await services.limiter.count(caller.name or address, math.ceil(size / MEBIBYTE))
    if left:
        policies = [f'"{each.what}";q={each.amount};w={each.window_seconds}' for each in left]
        limits = [f'"{each.what}";r={each.remaining};t={each.reset_seconds}' for each in left]
        request.state.headers = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(limits)}


COUNTED = Depends(_count)
