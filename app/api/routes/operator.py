"""What operators look at and repair: queue, workers, dead letters."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.api.auth import OPERATORS_ONLY
from app.api.deps import ServicesDep
from app.api.openapi.tasks import OPERATOR_RESPONSES
from app.schemas.operations import DeadLetters, Overview
from app.schemas.usage import UsageList

router = APIRouter(prefix="/operator", tags=["operator"], dependencies=[OPERATORS_ONLY])


@router.get("/overview", summary="Queue, workers, figures", responses=OPERATOR_RESPONSES)
async def overview(services: ServicesDep) -> Overview:
    """Of this moment; `totals` count from when Redis was empty."""
    return await services.operator.overview()


@router.get("/usage", summary="What all keys have used", responses=OPERATOR_RESPONSES)
async def usage(services: ServicesDep) -> UsageList:
    """Of this day and month (UTC), with the quotas of KEY_QUOTAS."""
    names = sorted(services.settings.key_hashes)
    return UsageList(keys=tuple([await services.usage.usage(name) for name in names]))


@router.get("/dead", summary="Tasks that were given up", responses=OPERATOR_RESPONSES)
async def dead_letters(
    services: ServicesDep, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> DeadLetters:
    """The newest first, and why each was given up."""
    return await services.operator.dead_letters(limit)


@router.post(
    "/dead/{reference}/requeue",
    status_code=202,
    summary="Queue a dead letter anew",
    responses=OPERATOR_RESPONSES,
)
async def requeue(reference: str, services: ServicesDep) -> None:
    """With all its attempts."""
    await services.operator.requeue(reference)


@router.delete(
    "/dead/{reference}",
    status_code=204,
    summary="Drop a dead letter",
    responses=OPERATOR_RESPONSES,
)
async def drop(reference: str, services: ServicesDep) -> None:
    """Its recording goes later, as that of a task that nobody wants."""
    await services.operator.drop(reference)
