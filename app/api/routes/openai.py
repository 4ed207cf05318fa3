"""`/v1`: OpenAI's audio API, on the same durable queue."""

import time
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, StreamingResponse

from app.api import openapi, parameters
from app.api.auth import CallerDep
from app.api.deps import Services, ServicesDep
from app.api.openai.answers import answer_of
from app.api.openai.stream import stream_of
from app.api.openai.wishes import field_name, openai_options, query_values, wishes_of
from app.api.rates import COUNTED
from app.api.uploads import form_of, idempotency_key_of, length_of
from app.core.errors import WORTH_ANOTHER_TRY, EngineFailed, TranscriptionFailed
from app.schemas.caller import Caller
from app.schemas.task import ENDED, TaskFailure, TaskKind, TaskState, TaskStatus
from app.services.audio_service import UploadRequest

router = APIRouter(prefix="/v1", tags=["openai"])

LOOK_SECONDS = 0.5
"""Time between two looks whether the client is still there."""

RESPOND_ASYNC = "respond-async"


@router.post(
    "/audio/transcriptions",
    summary="OpenAI: transcribe",
    response_model=None,
    dependencies=[COUNTED],
    responses=openapi.OPENAI_RESPONSES,
    openapi_extra=parameters.TRANSCRIPTION_DOCS,
)
async def transcriptions(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """As OpenAI's clients send it, in all of its formats; with `stream`, text as it comes.

    The recording may also be the whole body, with its own Content-Type and the fields in the query.

    A client that goes away cancels its task. What takes longer than SYNC_WAIT_SECONDS, or is asked for with
    `Prefer: respond-async`, is answered with 202 and the address of its task.
    """
    return await _answer(request, services, caller, TaskKind.TRANSCRIBE)


@router.post(
    "/audio/translations",
    summary="OpenAI: translate into English",
    response_model=None,
    dependencies=[COUNTED],
    responses=openapi.OPENAI_RESPONSES,
    openapi_extra=parameters.TRANSLATION_DOCS,
)
async def translations(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """The same, in English whatever is spoken."""
    return await _answer(request, services, caller, TaskKind.TRANSLATE)


async def _answer(request: Request, services: Services, caller: Caller, kind: TaskKind) -> Response:
    values = query_values(request.query_params.multi_items())
    accepted = await services.audio.accept(
        form_of(request, services.settings, max_parts=None),
        UploadRequest(
            values=values,
            read=lambda given: openai_options(given, services.settings, kind),
            caller=caller,
            content_length=length_of(request),
            idempotency_key=idempotency_key_of(request),
            named=field_name,
        ),
    )
    task_id, wishes = accepted.task_id, wishes_of(values)
    if RESPOND_ASYNC in request.headers.get("prefer", ""):
        return _later(task_id, {"Preference-Applied": RESPOND_ASYNC})
    if wishes.stream:
        return StreamingResponse(
            stream_of(services, caller, task_id, wishes),
            media_type=EventSourceResponse.media_type,
            headers=_AS_IT_COMES,
        )
    state = await _ended(request, services, caller, task_id)
    if state.status not in ENDED:
        return _later(task_id, {"Retry-After": "1"})
    result = _result(state)
    return await services.renderer.run(result, answer_of, result, wishes, kind)


_AS_IT_COMES = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}


def _later(task_id: str, headers: dict[str, str]) -> Response:
    content = {"task_id": task_id, "status": TaskStatus.QUEUED}
    return JSONResponse(content, 202, {"Location": f"/transcribe/{task_id}", **headers})


async def _ended(request: Request, services: Services, caller: Caller, task_id: str) -> TaskState:
    """The state of the task once it has ended, or when time is up.

    Nobody waits for the transcript of a client that went away: its task is removed.
    """
    deadline = time.monotonic() + services.settings.sync_wait_seconds
    while True:
        left = deadline - time.monotonic()
        state = await services.tasks.wait(task_id, caller, min(LOOK_SECONDS, max(0.0, left)))
        if state.status in ENDED or left <= 0:
            return state
        if await request.is_disconnected():
            await services.tasks.delete(task_id, caller)
            raise ClientDisconnect


def _result(state: TaskState) -> dict[str, Any]:
    """The transcript. Raises TranscriptionFailed, or EngineFailed where the fault is ours."""
    if state.result is not None:
        return state.result
    failure = state.error or TaskFailure(code=TranscriptionFailed.code, message="The task failed.")
    kind = EngineFailed if failure.code in WORTH_ANOTHER_TRY else TranscriptionFailed
    raise kind(failure.message)
