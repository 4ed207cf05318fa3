"""`/v1`: OpenAI's audio API, on the same durable queue."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse
from starlette.responses import JSONResponse, StreamingResponse

from app.api import parameters
from app.api.auth import CallerDep
from app.api.deps import Services, ServicesDep
from app.api.openai.request import field_name, openai_options, parse_response_options, query_values
from app.api.openai.response import RENDERED, build_response
from app.api.openai.stream import stream_events
from app.api.openapi.dialects import OPENAI_RESPONSES
from app.api.rates import COUNTED
from app.api.uploads import content_length, idempotency_key, read_form
from app.api.waiting import answer_when_done
from app.schemas.caller import Caller
from app.schemas.task import TaskKind, TaskStatus
from app.services.upload_request import UploadRequest

router = APIRouter(prefix="/v1", tags=["openai"])

RESPOND_ASYNC = "respond-async"


@router.post(
    "/audio/transcriptions",
    summary="OpenAI: transcribe",
    response_model=None,
    dependencies=[COUNTED],
    responses=OPENAI_RESPONSES,
    openapi_extra=parameters.TRANSCRIPTION_DOCS,
)
async def transcriptions(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """As OpenAI's clients send it, in all of its formats; with `stream`, text as it comes.

    The recording may also be the whole body, with its own Content-Type and the fields in the query.

    The task of a client that goes away is kept for ORPHAN_SECONDS: the same request, sent again, takes it
    over. What takes longer than SYNC_WAIT_SECONDS is answered with 503 and the address of its task; with
    `Prefer: respond-async`, everything is answered at once, with 202 and that address.
    """
    return await _answer(request, services, caller, TaskKind.TRANSCRIBE)


@router.post(
    "/audio/translations",
    summary="OpenAI: translate into English",
    response_model=None,
    dependencies=[COUNTED],
    responses=OPENAI_RESPONSES,
    openapi_extra=parameters.TRANSLATION_DOCS,
)
async def translations(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """The same, in English whatever is spoken."""
    return await _answer(request, services, caller, TaskKind.TRANSLATE)


async def _answer(request: Request, services: Services, caller: Caller, kind: TaskKind) -> Response:
    values = query_values(request.query_params.multi_items())
    is_async = RESPOND_ASYNC in request.headers.get("prefer", "")
    accepted = await services.audio.accept(
        read_form(request, services.settings, max_parts=None),
        UploadRequest(
            values=values,
            read=lambda given: openai_options(given, services.settings, kind),
            caller=caller,
            content_length=content_length(request),
            idempotency_key=idempotency_key(request),
            named=field_name,
            is_awaited=not is_async,
        ),
    )
    if is_async:
        return _later(accepted.task_id)
    options = parse_response_options(values)
    if options.stream:
        return StreamingResponse(
            stream_events(services, caller, accepted, options),
            media_type=EventSourceResponse.media_type,
            headers=_AS_IT_COMES,
        )

    async def make(result: dict[str, Any]) -> Response:
        return await services.renderer.run(result, build_response, result, options, kind)

    is_json = options.format not in RENDERED
    return await answer_when_done(request, services, caller, accepted, make, is_json=is_json)


_AS_IT_COMES = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def _later(task_id: str) -> Response:
    content = {"task_id": task_id, "status": TaskStatus.QUEUED}
    headers = {"Location": f"/transcribe/{task_id}", "Preference-Applied": RESPOND_ASYNC}
    return JSONResponse(content, 202, headers)
