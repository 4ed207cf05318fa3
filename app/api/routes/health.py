"""Is it alive, and is it ready."""

from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from app.api.auth import OPERATORS_ONLY
from app.api.deps import ServicesDep
from app.api.openapi.problems import ANY_PROBLEM
from app.observability.metrics import CONTENT_TYPE
from app.schemas.operations import TroubleView
from app.services.redis_service import ReadinessStatus

router = APIRouter(tags=["health"])


class Live(BaseModel):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """Whether tasks can be taken now, and who would work on them."""

    status: ReadinessStatus = Field(
        description="`redis_cluster_unsupported`: Redis is a node of a cluster that does not serve all "
        "keys; `foreign_folder`: UPLOAD_DIR is another service's.",
        examples=["ready"],
    )
    detail: str = Field(examples=["Redis answers and workers are alive."])
    workers: int = Field(description="Workers that are alive.", examples=[4])
    queue_length: int = Field(description="Tasks that wait for a worker.", examples=[0])
    archive: bool = Field(description="Whether transcripts stay, and can be named and searched (ARCHIVE).")
    summaries: bool = Field(description="Whether transcripts can be summarised (SUMMARY_URL).")
    troubles: tuple[TroubleView, ...] = Field(
        description="What workers that are alive cannot use, so that they leave tasks to others."
    )


@router.get("/health/live", summary="Does the process answer")
async def live() -> Live:
    """For a container's health check: looks at nothing else."""
    return Live()


@router.get(
    "/health/ready",
    summary="Can tasks be taken now",
    responses={
        503: {
            "model": Ready,
            "description": "Redis does not answer, refuses writes or a command that is needed, or is a "
            "cluster; or UPLOAD_DIR is another service's, or the bucket of STORAGE_URL cannot be used.",
        },
        **ANY_PROBLEM,
    },
)
async def ready(services: ServicesDep, response: Response) -> Ready:
    """200 where Redis serves every command that the service needs, even with no worker alive (`status` says
    so: tasks wait) or with some that leave tasks to others (`troubles`); 503 where not, with the names of
    those that it refuses, or where UPLOAD_DIR is another service's, or the bucket of STORAGE_URL cannot be
    used."""
    readiness, troubles = await services.health.readiness()
    response.status_code = 200 if readiness.ready else 503
    return Ready(
        status=readiness.status,
        detail=readiness.detail,
        workers=readiness.workers,
        queue_length=readiness.queue_length,
        archive=services.settings.archive,
        summaries=bool(services.settings.summary_url) and services.settings.archive,
        troubles=troubles,
    )


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    dependencies=[OPERATORS_ONLY],
    responses=ANY_PROBLEM,
)
async def metrics(services: ServicesDep) -> Response:
    """Queue length and age, audio that waits, workers and what they have done, for the whole service; and
    HTTP, of the process that the label `api` names.

    Where API keys are set, for operators only.
    """
    snapshot = await services.operator.snapshot()
    return Response(services.metrics.exposition(snapshot), media_type=CONTENT_TYPE)
