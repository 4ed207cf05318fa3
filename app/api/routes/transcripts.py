"""What people do with a finished transcript: correct it, and listen to its recording."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from starlette.responses import FileResponse

from app.api.auth import CallerDep
from app.api.conditional import is_known
from app.api.deps import ServicesDep
from app.api.json_body import body_docs, json_body
from app.api.openapi.library import CORRECTION_RESPONSES
from app.api.openapi.tasks import AUDIO_RESPONSES
from app.api.recordings import recording_of
from app.core.errors import InvalidParameter, VersionMissing
from app.schemas.corrections import Corrections

router = APIRouter(tags=["transcripts"])

MOST_BYTES = 4 * 1024 * 1024
"""Of corrections: every text of twenty hours, written anew."""

_VERSION = re.compile(r'"(\d{1,15})"')


@router.get(
    "/transcribe/{task_id}/corrections",
    summary="What was corrected in a transcript",
    response_model=Corrections,
    responses=CORRECTION_RESPONSES,
)
async def read_corrections(
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    response: Response,
    if_none_match: Annotated[str, Header(description="ETags that are known.")] = "",
) -> Any:
    """The ETag is their version, `"0"` where nothing was corrected yet. `?corrected=true` at
    `/transcribe/{task_id}` gives the transcript with them, in any format."""
    stored = await services.corrections.read(task_id, caller)
    headers = {"ETag": f'"{stored.version}"', "Cache-Control": "private, no-cache"}
    if is_known(if_none_match, {headers["ETag"]}):
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return stored.corrections


@router.put(
    "/transcribe/{task_id}/corrections",
    status_code=204,
    summary="Correct a transcript",
    responses=CORRECTION_RESPONSES,
    openapi_extra=body_docs(Corrections),
)
async def save_corrections(
    task_id: str,
    request: Request,
    services: ServicesDep,
    caller: CallerDep,
    if_match: Annotated[str | None, Header(description="The ETag that they were read with.")] = None,
) -> Response:
    """All corrections of the transcript, in the place of the version in `If-Match`: two editors do not
    overwrite each other."""
    if if_match is None:
        raise VersionMissing('Send the ETag that the corrections were read with as If-Match, such as "0".')
    version = _VERSION.fullmatch(if_match.strip().removeprefix("W/"))  # proxies make weak ones of them
    if version is None:
        raise InvalidParameter(
            '`If-Match` must be the ETag that the corrections were read with, quotes included, such as "0".',
            parameter="If-Match",
        )
    corrections = await json_body(request, Corrections, "The corrections are", max_bytes=MOST_BYTES)
    saved = await services.corrections.save(task_id, caller, corrections, int(version[1]))
    return Response(status_code=204, headers={"ETag": f'"{saved}"'})


@router.get(
    "/transcribe/{task_id}/audio",
    response_class=FileResponse,
    summary="The recording of a task",
    responses=AUDIO_RESPONSES,
)
async def recording(
    task_id: str,
    services: ServicesDep,
    caller: CallerDep,
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """As it was sent, in ranges if wanted; with KEEP_AUDIO also after the task has ended.

    Where recordings lie in a bucket and STORAGE_REDIRECTS allows it, by a redirect to it; not for our own
    page, whose Content-Security-Policy admits no other site.
    """
    path = await services.tasks.recording(task_id, caller)
    redirects = services.settings.storage_redirects and sec_fetch_site != "same-origin"
    return await recording_of(path, "private, no-cache", services.tasks, redirects=redirects)
