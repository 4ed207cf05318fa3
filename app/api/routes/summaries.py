"""Summaries of transcripts."""

from fastapi import APIRouter, Response

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.library import SUMMARY_RESPONSES
from app.schemas.task import ENDED, Summary

router = APIRouter(tags=["transcripts"])

PAUSE_SECONDS = 3
"""What Retry-After advises while a summary is made."""


@router.post(
    "/transcribe/{task_id}/summary",
    status_code=202,
    summary="Summarise a transcript",
    responses=SUMMARY_RESPONSES,
)
async def ask_for_summary(task_id: str, services: ServicesDep, caller: CallerDep) -> Summary:
    """As it is corrected now, and anew where that was done before: the last summary stays until there is
    another. While one is made, asking changes nothing."""
    return await services.summaries.ask(task_id, caller)


@router.get(
    "/transcribe/{task_id}/summary",
    summary="The summary of a transcript",
    responses=SUMMARY_RESPONSES,
)
async def read_summary(task_id: str, services: ServicesDep, caller: CallerDep, response: Response) -> Summary:
    """`status` is `queued`, `processing`, `done` or `error`; `GET /transcribe/{task_id}` tells the same in
    `summary`."""
    summary = await services.summaries.read(task_id, caller)
    if summary.status not in ENDED:
        response.headers["Retry-After"] = str(PAUSE_SECONDS)
    return summary
