"""`/v1`: OpenAI's audio API, on the same durable queue."""

import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import anyio
from fastapi import APIRouter, Request, Response
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, StreamingResponse

from app.api import openapi, parameters
from app.api.auth import CallerDep
from app.api.deps import Services, ServicesDep
from app.api.openai.answers import answer_of, usage_of
from app.api.openai.wishes import FIELDS, openai_options, wishes_of
from app.api.rates import COUNTED
from app.api.responses import json_of
from app.api.uploads import form_of, idempotency_key_of, length_of
from app.core.errors import WORTH_ANOTHER_TRY, EngineFailed, TaskNotFound, TranscriptionFailed
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
    """As OpenAI's clients send it: json, text, srt, verbose_json or vtt; with `stream`, text as it comes.

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
    values = {name: request.query_params.getlist(name) for name in FIELDS}
    accepted = await services.audio.accept(
        form_of(request, services.settings),
        UploadRequest(
            values=values,
            read=lambda given: openai_options(given, services.settings, kind),
            caller=caller,
            content_length=length_of(request),
            idempotency_key=idempotency_key_of(request),
        ),
    )
    task_id, wishes = accepted.task_id, wishes_of(values)
    if RESPOND_ASYNC in request.headers.get("prefer", ""):
        return _later(task_id, {"Preference-Applied": RESPOND_ASYNC})
    if wishes.stream:
        return StreamingResponse(
            _deltas(services, caller, task_id),
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


async def _deltas(services: Services, caller: Caller, task_id: str) -> AsyncIterator[bytes]:
    """Text as windows end. A client that goes away cancels its task, as where it waits.

    Where it is the service that goes away, the task goes on, and is named.
    """
    told, is_left = "", True
    state: TaskState | None = None
    try:
        async for event in services.tasks.follow(task_id, caller):
            if event.window is not None:
                told += event.window.text
                yield _event({"type": "transcript.text.delta", "delta": event.window.text})
            else:
                state = event.state
        is_left = False
        for message in _last_events(task_id, state, told):
            yield _event(message)
        yield format_sse_event(data_str="[DONE]")
    finally:
        if is_left:
            with anyio.CancelScope(shield=True), contextlib.suppress(TaskNotFound):
                await services.tasks.delete(task_id, caller)


def _last_events(task_id: str, state: TaskState | None, told: str) -> list[dict[str, Any]]:
    """What is left of the text, and the whole; or why there is none."""
    if state is None or state.status not in ENDED:
        message = f"The service is stopping. The transcript will be at /transcribe/{task_id}."
        return [{"error": {"message": message, "type": "server_error", "code": "stopping"}}]
    if state.result is None:
        failure = state.error
        message = failure.message if failure else "The task failed."
        return [{"error": {"message": message, "type": "server_error", "code": failure and failure.code}}]
    text = str(state.result["text"])
    said = told.lstrip()
    rest = text[len(said) :] if text.startswith(said) else ""
    deltas = [{"type": "transcript.text.delta", "delta": rest}] if rest else []
    return [*deltas, {"type": "transcript.text.done", "text": text, "usage": usage_of(state.result)}]


def _event(content: dict[str, Any]) -> bytes:
    return format_sse_event(data_str=json_of(content).decode())
