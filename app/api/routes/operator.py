"""What operators look at and repair: queue, workers, dead letters."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from app.api import openapi
from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.core.errors import Forbidden
from app.schemas.operations import DeadLetters, Overview


async def _operator(services: ServicesDep, caller: CallerDep) -> None:
    """Raises Forbidden where keys are asked for and the caller's is none of OPERATOR_KEYS."""
    if caller.name is not None and caller.name not in services.settings.operator_keys:
        raise Forbidden("This view is for operators; OPERATOR_KEYS names the keys that may see it.")


router = APIRouter(prefix="/operator", tags=["operator"], dependencies=[Depends(_operator)])


@router.get("/overview", summary="Queue, workers, figures", responses=openapi.OPERATOR_RESPONSES)
async def overview(services: ServicesDep) -> Overview:
    """Of this moment; `totals` count from when Redis was empty."""
    return await services.operator.overview()


@router.get("/dead", summary="Tasks that were given up", responses=openapi.OPERATOR_RESPONSES)
async def dead_letters(
    services: ServicesDep, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> DeadLetters:
    """The newest first, and why each was given up."""
    return await services.operator.dead_letters(limit)


@router.post(
    "/dead/{reference}/requeue",
    status_code=202,
    summary="Queue a dead letter anew",
    responses=openapi.OPERATOR_RESPONSES,
)
async def requeue(reference: str, services: ServicesDep) -> None:
    """With all its attempts."""
    await services.operator.requeue(reference)


@router.delete(
    "/dead/{reference}",
    status_code=204,
    summary="Drop a dead letter",
    responses=openapi.OPERATOR_RESPONSES,
)
async def drop(reference: str, services: ServicesDep) -> None:
    """Its recording goes later, as that of a task that nobody wants."""
    await services.operator.drop(reference)
