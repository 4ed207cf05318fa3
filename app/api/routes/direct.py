"""Recordings that clients put straight into the bucket, past this service."""

from fastapi import APIRouter, Request

from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.json_body import body_docs, json_body
from app.api.openapi.uploads import DIRECT_RESPONSES
from app.api.rates import count
from app.core.validation import shown_name
from app.schemas.direct import DirectUpload, DirectUploadWish
from app.schemas.resumable import ResumableUpload
from app.services.resumable_uploads import new_upload_id

MOST_BYTES = 64 * 1024

router = APIRouter(tags=["resumable uploads"])


@router.post(
    "/uploads/direct",
    status_code=201,
    summary="Begin an upload straight into the bucket",
    responses=DIRECT_RESPONSES,
    openapi_extra=body_docs(DirectUploadWish),
)
async def begin(request: Request, services: ServicesDep, caller: CallerDep) -> DirectUpload:
    """Put the bytes with one request to `url`; then `POST /transcribe/?upload=…`, with options, makes them a
    task. What is larger than announced, or than this server takes, is refused then.

    Only where recordings lie in a bucket (STORAGE_URL). What becomes no task expires as resumable uploads do.
    """
    wish = await json_body(request, DirectUploadWish, "The upload is", max_bytes=MOST_BYTES)
    await count(request, services, caller, wish.length)
    await services.usage.refuse_early(caller.name, wish.length)
    upload = ResumableUpload(
        upload_id=new_upload_id(),
        owner=caller.name,
        length=wish.length,
        filename=shown_name(wish.filename),
        filetype=wish.filetype,
    )
    link = await services.direct.begin(upload)
    return DirectUpload(
        upload_id=upload.upload_id,
        url=link.url,
        headers=dict(link.headers),
        expires_in_seconds=services.settings.storage_link_seconds,
    )
