"""What who has the link of a transcript may read, without a key: that transcript, and nothing else."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from starlette.responses import FileResponse

from app.api.compression import compressed
from app.api.deps import ServicesDep
from app.api.documents import document_of
from app.api.openapi.library import SHARED_AUDIO_RESPONSES, SHARED_RESPONSES
from app.api.recordings import recording_of
from app.api.responses import TolerantJSONResponse
from app.api.routes.page import page_response
from app.core.errors import ServiceError
from app.core.names import refuse_unknown
from app.formats.corrected import corrected
from app.schemas.form import TranscriptFormat
from app.schemas.share import SharedTranscript
from app.services.share_service import Opened

router = APIRouter(prefix="/shared/{token}", tags=["shares"])

PARAMETERS = ("format", "corrected")


@router.api_route("", methods=["GET", "HEAD"], include_in_schema=False)
async def page(
    token: str,
    services: ServicesDep,
    accept: Annotated[str, Header()] = "",
    accept_encoding: Annotated[str, Header()] = "",
) -> Response:
    """The page for people, which asks for the rest; where the link leads nowhere it says so to a browser."""
    status = 200
    try:
        await services.shares.find(token)
    except ServiceError as error:
        if "text/html" not in accept:
            raise
        status = error.status
    return page_response(accept_encoding, status)


@router.get(
    "/result",
    summary="A shared transcript",
    response_model=SharedTranscript,
    responses=SHARED_RESPONSES,
)
async def result(token: str, request: Request, services: ServicesDep) -> Response:
    """The transcript with what people have corrected, and what is known of its recording."""
    async with services.guests:
        opened = await _opened(token, services)
        has_audio = await services.shares.has_recording(opened)
        transcript, corrections = opened.record.state.result, opened.corrections
        return await services.renderer.run_corrected(
            transcript, corrections, _told, request, opened, has_audio
        )


async def _known_only(request: Request) -> None:
    """Raises UnknownParameter."""
    refuse_unknown(request.query_params, PARAMETERS)


@router.get(
    "/transcript",
    dependencies=[Depends(_known_only)],
    response_class=Response,
    summary="A shared transcript as a file",
    responses=SHARED_RESPONSES,
)
async def transcript(
    token: str,
    services: ServicesDep,
    format: Annotated[TranscriptFormat, Query()] = TranscriptFormat.TEXT,
    corrected: Annotated[bool, Query(description="With what people have corrected.")] = True,
) -> Response:
    """In any format, under the name of its recording."""
    async with services.guests:
        opened = await _opened(token, services)
        return await services.renderer.run_apart(_file, opened, format, is_corrected=corrected)


@router.get(
    "/audio",
    response_class=FileResponse,
    summary="The recording of a shared transcript",
    responses=SHARED_AUDIO_RESPONSES,
)
async def recording(token: str, services: ServicesDep) -> Response:
    """As it was sent, in ranges if wanted, where it is kept."""
    # never by a link to the bucket, which would outlive a share that is revoked
    return await recording_of(await services.shares.recording(token), "no-store", services.tasks)


async def _opened(token: str, services: ServicesDep) -> Opened:
    opened = await services.shares.open(token)
    return replace(opened, record=await services.library.named(opened.record))


def _result(opened: Opened, *, is_corrected: bool = True) -> dict[str, object]:
    found = opened.record.state.result or {}
    return corrected(found, opened.corrections) if opened.corrections and is_corrected else found


def _told(request: Request, opened: Opened, has_audio: bool) -> Response:
    task, summary = opened.record.task, opened.record.state.summary
    told = SharedTranscript(
        filename=task.filename if task else None,
        title=opened.record.state.title,
        summary=summary.text if summary is not None else None,
        summary_stale=summary is not None and summary.stale,
        created_at=task.created_at if task else None,
        expires_at=opened.share.expires_at,
        has_audio=has_audio,
        result={},
    )
    return compressed(request, TolerantJSONResponse(told.model_dump() | {"result": _result(opened)}))


def _file(opened: Opened, wanted: TranscriptFormat, *, is_corrected: bool) -> Response:
    return document_of(_result(opened, is_corrected=is_corrected), wanted, opened.record)
