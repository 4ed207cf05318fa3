"""Ask what became of a recording; have it removed."""

import math
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from app.api.auth import CallerDep, caller_of
from app.api.conditional import unless_known
from app.api.deps import ServicesDep, services_of
from app.api.documents import document_of
from app.api.openapi.problems import ANY_PROBLEM, INVALID
from app.api.openapi.tasks import DELETE_RESPONSES, EVENT_RESPONSES, RETRY_RESPONSES, STATE_RESPONSES
from app.api.poll_params import POLL_PARAMETER_DOCS, parse_poll_params
from app.api.responses import TolerantJSONResponse, dump_json
from app.core.errors import NotFinished, TranscriptionFailed
from app.core.names import refuse_unknown
from app.formats.corrected import corrected
from app.formats.formats import media_type, of_media_types
from app.queue.reader import TaskRecord
from app.schemas.corrections import Corrections
from app.schemas.event import TaskEvent
from app.schemas.form import TranscriptFormat
from app.schemas.position import CURSOR_PATTERN
from app.schemas.task import ENDED, TaskPage, TaskState, TaskStatus

router = APIRouter(tags=["tasks"])

LIST_PARAMETERS = ("status", "limit", "cursor")

SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1, 30
"""Bounds of what Retry-After advises."""

_EVENT_ID = re.compile(r"[0-9]{1,9}")
"""What this service gives as the id of an event; any other tells no place in the stream."""

_POLL_DOCS = {"parameters": POLL_PARAMETER_DOCS, "security": [{caller_of.scheme_name: []}]}


@router.get(
    "/status/{task_id}",
    summary="The same answer under a second address",
    response_model=TaskState,
    responses=STATE_RESPONSES,
    openapi_extra=_POLL_DOCS,
)
@router.get(
    "/transcribe/{task_id}",
    summary="What became of a recording",
    response_model=TaskState,
    responses=STATE_RESPONSES,
    openapi_extra=_POLL_DOCS,
)
async def task_state(task_id: str, request: Request) -> Response:
    """`status` is `queued`, `processing`, `done` (`result` holds the text) or `error` (`error` says why).

    What is done is told until it is deleted (see ARCHIVE), an error for RESULT_TTL_SECONDS.
    `format`, or an Accept header such as `text/vtt`, asks for the transcript itself. Answers carry an ETag,
    and Retry-After as long as the task has not ended.
    """
    # No dependencies here: clients poll this route, and FastAPI's part of an answer is the larger one.
    asked, caller = parse_poll_params(request), await caller_of(request)
    services = services_of(request)
    record = await services.tasks.waited(task_id, caller, asked.wait)
    corrections = None
    if asked.corrected and record.state.result is not None:
        corrections = await services.corrections.applied(task_id)
    wanted = asked.format or of_media_types(request.headers.get("accept", ""))
    if asked.format is None and wanted is TranscriptFormat.JSON:
        wanted = None
    if record.state.status is TaskStatus.DONE:
        record = await services.library.named(record)
    renderer = services.renderer
    if wanted is TranscriptFormat.DOCX:
        return await renderer.run_apart(_answer, request, record, wanted, corrections)
    result = record.state.result
    return await renderer.run_corrected(result, corrections, _answer, request, record, wanted, corrections)


async def _known_only(request: Request) -> None:
    """Raises UnknownParameter: a misspelt filter would list what nobody asked for."""
    refuse_unknown(request.query_params, LIST_PARAMETERS)


@router.get(
    "/transcribe/",
    dependencies=[Depends(_known_only)],
    summary="Which tasks there are",
    responses={422: INVALID, **ANY_PROBLEM},
)
async def list_tasks(
    services: ServicesDep,
    caller: CallerDep,
    status: Annotated[TaskStatus | None, Query(description="Only tasks of this status.")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="Most tasks of one page.")] = 50,
    cursor: Annotated[
        str | None, Query(pattern=CURSOR_PATTERN, description="`next_cursor` of the page before.")
    ] = None,
) -> TaskPage:
    """Newest first, page by page; with API keys, those of the key that asks."""
    return await services.tasks.page(caller, status=status, limit=limit, cursor=cursor)


@router.delete(
    "/transcribe/{task_id}",
    status_code=204,
    summary="Cancel and remove a task",
    responses=DELETE_RESPONSES,
)
async def delete_task(task_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """Whatever its state: the recording, what is done of it and the result are removed.

    A worker that is at it stops at its next heartbeat.
    """
    await services.usage.leave(caller.name, task_id)
    await services.tasks.delete(task_id, caller)


@router.post(
    "/transcribe/{task_id}/retry",
    status_code=202,
    summary="Try a failed task again",
    responses=RETRY_RESPONSES,
)
async def retry_task(task_id: str, services: ServicesDep, caller: CallerDep) -> None:
    """For failures of the service: the recording is kept after those, for as long as the task is known."""
    await services.tasks.retry(task_id, caller)


async def _existing(task_id: str, services: ServicesDep, caller: CallerDep) -> str:
    """The id of a task that is there: once a stream has begun it is too late to say that it is not."""
    await services.tasks.state(task_id, caller)
    return task_id


@router.get(
    "/transcribe/{task_id}/events",
    response_class=EventSourceResponse,
    summary="Follow a task",
    responses=EVENT_RESPONSES,
)
async def task_events(
    task_id: Annotated[str, Depends(_existing)],
    services: ServicesDep,
    caller: CallerDep,
    last_event_id: Annotated[str | None, Header(description="Go on after this event.")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events: `status`, `progress`, `window` (text that is new), at last `done` or `error`.

    The data of `window` is a number, a time and a text, that of all others what GET answers.
    """
    known = _EVENT_ID.fullmatch(last_event_id or "")
    async for event in services.tasks.follow(task_id, caller, windows=int(known[0]) if known else 0):
        result = event.state.result if event.state else None
        data = await services.renderer.run(result, _data, event)
        yield ServerSentEvent(event=event.kind, id=str(event.windows), raw_data=data)


def _data(event: TaskEvent) -> str:
    """JSON."""
    if event.window is not None:
        return event.window.model_dump_json()
    return dump_json(_content(event.state) if event.state is not None else {}).decode()


def _answer(
    request: Request, record: TaskRecord, wanted: TranscriptFormat | None, corrections: Corrections | None
) -> Response:
    """The answer to a poll: the state, or the transcript in the format that is wanted. Raises NotFinished,
    TranscriptionFailed."""
    if corrections is not None and record.state.result is not None:
        changed = corrected(record.state.result, corrections)
        record = replace(record, state=record.state.model_copy(update={"result": changed}))
    if wanted is None:
        return unless_known(request, _state_response(record.state))
    return unless_known(request, _transcript_response(record, wanted))


def _content(state: TaskState) -> dict[str, Any]:
    """The state without what is not known, but the result as it was stored: what is null in it stays."""
    result = {} if state.result is None else {"result": state.result}
    return state.model_dump(mode="json", exclude_none=True, exclude={"result"}) | result


def _state_response(state: TaskState) -> Response:
    headers = {"Vary": "Accept", **_advice(state)}
    if state.result is None:
        return Response(
            state.model_dump_json(exclude_none=True), 200, headers, media_type(TranscriptFormat.JSON)
        )
    return TolerantJSONResponse(_content(state), headers=headers)


def _transcript_response(record: TaskRecord, wanted: TranscriptFormat) -> Response:
    """The transcript. Raises NotFinished, TranscriptionFailed."""
    state = record.state
    if state.status is TaskStatus.ERROR:
        failure = state.error
        raise TranscriptionFailed(
            f"There is no transcript: {failure.message if failure else 'the task failed.'}",
            error=failure.model_dump() if failure else None,
        )
    if state.result is None:
        raise NotFinished(
            f"The transcript is not there yet; the task is {state.status}.",
            retry_after_seconds=_pause_seconds(state),
        )
    return document_of(state.result, wanted, record)


def _advice(state: TaskState) -> dict[str, str]:
    return {} if state.status in ENDED else {"Retry-After": str(_pause_seconds(state))}


def _pause_seconds(state: TaskState) -> int:
    """When to ask again: a fifth of the time that is left, as well as that is known."""
    seconds = math.ceil((state.eta_seconds or 0) / 5)
    return min(max(SHORTEST_PAUSE_SECONDS, seconds), LONGEST_PAUSE_SECONDS)
