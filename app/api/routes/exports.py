"""Many transcripts at once."""

import time
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from app.api.auth import CallerDep
from app.api.bundles import Bundles
from app.api.deps import ServicesDep
from app.api.disposition import content_disposition
from app.api.json_body import body_docs, json_body
from app.api.openapi.library import EXPORT_RESPONSES
from app.schemas.export import Export

router = APIRouter(tags=["transcripts"])

MOST_BYTES = 64 * 1024


@router.post(
    "/export",
    response_class=StreamingResponse,
    summary="Many transcripts as one ZIP file",
    responses=EXPORT_RESPONSES,
    openapi_extra=body_docs(Export),
)
async def export(request: Request, services: ServicesDep, caller: CallerDep) -> StreamingResponse:
    """Files named after the recordings, in each of the `formats`.

    It is sent while it is made. What cannot be had, such as a task that is not there or has not ended, is
    named in its `missing.txt`; where that would be all, the answer is the problem of the first.
    """
    wanted = await json_body(request, Export, "The export is", max_bytes=MOST_BYTES)
    pieces = Bundles(services, caller, wanted).pieces()
    first = await anext(pieces)  # what goes wrong up to here still becomes a problem
    name = time.strftime("transcripts-%Y-%m-%d.zip", time.gmtime())
    headers = {"Content-Disposition": content_disposition(name, is_shown=False), "Cache-Control": "no-store"}
    return StreamingResponse(_joined(first, pieces), media_type="application/zip", headers=headers)


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece
