"""Links to a transcript, as its owner makes and ends them."""

from fastapi import APIRouter, Request, Response

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.json_body import body_docs, json_body
from app.api.openapi.library import SHARE_RESPONSES
from app.schemas.share import CreatedShare, ShareList, ShareWish

router = APIRouter(tags=["shares"])

MOST_BYTES = 4 * 1024


@router.post(
    "/transcribe/{task_id}/shares",
    status_code=201,
    summary="Make a link to a transcript",
    responses=SHARE_RESPONSES,
    openapi_extra=body_docs(ShareWish, required=False),
)
async def create_share(
    task_id: str, request: Request, response: Response, services: ServicesDep, caller: CallerDep
) -> CreatedShare:
    """Whoever has its `address` reads the transcript, as it is corrected, and hears the recording where that
    is kept, without a key; and nothing else. It is told this once: only a hash of it is kept."""
    wish = await json_body(request, ShareWish, "The link is", max_bytes=MOST_BYTES)
    response.headers["Cache-Control"] = "no-store"
    return await services.shares.create(task_id, caller, wish)


@router.get(
    "/transcribe/{task_id}/shares",
    summary="Which links to a transcript there are",
    responses=SHARE_RESPONSES,
)
async def list_shares(task_id: str, services: ServicesDep, caller: CallerDep) -> ShareList:
    """Those that are valid, the newest first, without their addresses."""
    return ShareList(shares=await services.shares.list(task_id, caller))


@router.delete(
    "/transcribe/{task_id}/shares/{share_id}",
    status_code=204,
    summary="Revoke a link to a transcript",
    responses=SHARE_RESPONSES,
)
async def revoke_share(task_id: str, share_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """From now on it leads nowhere. Deleting the task revokes all of its links."""
    await services.shares.revoke(task_id, caller, share_id)
