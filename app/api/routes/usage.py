"""What the caller's API key has used, and may use."""

from fastapi import APIRouter

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.problems import ANY_PROBLEM
from app.schemas.usage import Usage

router = APIRouter(tags=["tasks"])


@router.get("/usage", summary="What your key has used", responses=ANY_PROBLEM)
async def own_usage(services: ServicesDep, caller: CallerDep) -> Usage:
    """Of this day and month (UTC), with the quota of the key that asks (KEY_QUOTAS). Recordings count as they
    are accepted, those whose length is known only afterwards when their tasks have ended."""
    return await services.usage.usage(caller.name)
