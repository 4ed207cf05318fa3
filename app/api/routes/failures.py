"""Tasks that failed, for as long as the archive keeps them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.tasks import FAILURE_RESPONSES
from app.core.names import refuse_unknown
from app.schemas.failure import LONGEST_QUESTION, FailurePage
from app.schemas.position import CURSOR_PATTERN

router = APIRouter(tags=["tasks"])

PARAMETERS = ("q", "code", "limit", "cursor")


async def _known_only(request: Request) -> None:
    """Raises UnknownParameter."""
    refuse_unknown(request.query_params, PARAMETERS)


@router.get(
    "/failures",
    dependencies=[Depends(_known_only)],
    summary="Which tasks failed, and why",
    responses=FAILURE_RESPONSES,
)
async def list_failures(
    services: ServicesDep,
    caller: CallerDep,
    q: Annotated[
        str | None,
        Query(max_length=LONGEST_QUESTION, description="Part of the file name, the code or the sentence."),
    ] = None,
    code: Annotated[str | None, Query(max_length=100, description="Only with this code.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most failures of one page.")] = 50,
    cursor: Annotated[
        str | None, Query(pattern=CURSOR_PATTERN, description="`next_cursor` of the page before.")
    ] = None,
) -> FailurePage:
    """The newest uploads first, page by page; with API keys, those of the key that asks.

    A failure is here some seconds after its task has ended, for ARCHIVE_FAILURES_DAYS, unless the task is
    done after all, or deleted.
    """
    return await services.tasks.failures(caller, q or None, code or None, limit, cursor)
