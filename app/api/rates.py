"""Requests that bring recordings are counted."""

from fastapi import Depends, Request

from app.api.auth import CallerDep
from app.api.deps import ServicesDep

POLICY_NAME = "recordings"


async def _count(request: Request, services: ServicesDep, caller: CallerDep) -> None:
    """Count the request; its answer tells how many are left (draft-ietf-httpapi-ratelimit-headers-10).

    Raises RateLimited, QueueUnavailable.
    """
    address = request.client.host if request.client else "unknown"
    left = await services.limiter.count(caller.name or address)
    if left is not None:
        request.state.headers = {
            "RateLimit-Policy": f'"{POLICY_NAME}";q={left.amount};w={left.window_seconds}',
            "RateLimit": f'"{POLICY_NAME}";r={left.remaining};t={left.reset_seconds}',
        }


COUNTED = Depends(_count)
