"""Recordings that arrive in several requests, over lines that break: the tus protocol."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from app.api import tus
from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.uploads import RESUMABLE_RESPONSES
from app.api.rates import MEBIBYTE, count
from app.api.uploads import body_reader, content_length
from app.core.errors import InvalidParameter
from app.services.resumable_uploads import new_upload_id
from app.storage.base import StoredResumable

PREFIX = "/uploads/"

router = APIRouter(tags=["resumable uploads"])
versioned = APIRouter(dependencies=[Depends(tus.check_version)])

UploadId = Annotated[str, Path(description="The last part of the Location that the upload was given.")]


@router.options("/uploads", include_in_schema=False)
@router.options(PREFIX + "{upload_id}", include_in_schema=False)
@router.options(PREFIX, status_code=204, summary="What can be done with resumable uploads")
async def capabilities(services: ServicesDep) -> Response:
    """The headers tell versions and extensions of tus, and the largest upload."""
    return Response(status_code=204, headers=tus.capabilities(services.settings))


@versioned.post("/uploads", include_in_schema=False)
@versioned.post(PREFIX, status_code=201, summary="Begin a resumable upload", responses=RESUMABLE_RESPONSES)
async def begin(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """The recording then comes by PATCH at the address in Location, in as many requests as it takes.

    `Upload-Length` tells its bytes, `Upload-Defer-Length: 1` that they are not known yet. `Upload-Metadata`
    may hold `filename`, `filetype`, and `transcribe`: a JSON object of options, with which it becomes a task
    even where its client goes away. When all is here, `POST /transcribe/?upload=…` makes it a task.
    """
    upload = tus.upload_of(request, new_upload_id(), caller.name, services.settings)
    await count(request, services, caller, upload.length or 0)
    await services.usage.refuse_early(caller.name, upload.length or 0)
    await services.uploads.begin(upload)
    stored = StoredResumable(upload, 0)
    if tus.has_bytes(request):
        body = body_reader(request, services.settings).chunks()
        stored = await services.uploads.append(upload.upload_id, caller, 0, None, body)
    headers = {"Location": f"{PREFIX}{upload.upload_id}", **tus.progress(stored, services.settings)}
    return Response(status_code=201, headers=headers)


@versioned.head(
    PREFIX + "{upload_id}",
    summary="How far a resumable upload has come",
    responses=RESUMABLE_RESPONSES,
)
async def look(upload_id: UploadId, services: ServicesDep, caller: CallerDep) -> Response:
    """`Upload-Offset` tells where to go on."""
    stored = await services.uploads.look(upload_id, caller)
    return Response(status_code=200, headers=tus.description(stored))


@versioned.patch(
    PREFIX + "{upload_id}",
    status_code=204,
    summary="Go on with a resumable upload",
    dependencies=[Depends(tus.check_has_bytes)],
    responses=RESUMABLE_RESPONSES,
)
async def append(upload_id: UploadId, request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """`Upload-Offset` must be where the upload ends; what comes before the line breaks is kept."""
    offset = tus.number_in(request, "Upload-Offset")
    if offset is None:
        raise InvalidParameter("Send `Upload-Offset`, where these bytes begin.", parameter="Upload-Offset")
    length = tus.number_in(request, "Upload-Length")
    if await services.uploads.is_live(upload_id, caller):  # the others were counted at their beginning
        size = offset % MEBIBYTE + (content_length(request) or 0)
        await count(request, services, caller, size // MEBIBYTE * MEBIBYTE, recordings=0)
    body = body_reader(request, services.settings).chunks()
    stored = await services.uploads.append(upload_id, caller, offset, length, body)
    return Response(status_code=204, headers=tus.progress(stored, services.settings))


@versioned.delete(
    PREFIX + "{upload_id}",
    status_code=204,
    summary="Give a resumable upload up",
    responses=RESUMABLE_RESPONSES,
)
async def remove(upload_id: UploadId, services: ServicesDep, caller: CallerDep) -> Response:
    """A task that it has become stays; `Upload-Task` names it."""
    became = await services.uploads.remove(upload_id, caller)
    return Response(status_code=204, headers={"Upload-Task": became} if became else {})


router.include_router(versioned)
