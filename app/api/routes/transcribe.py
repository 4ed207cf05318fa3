"""Send a recording; ask what became of it."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from app.api import openapi, parameters
from app.api.deps import ServicesDep
from app.api.multipart import FormReader, boundary_of
from app.api.responses import TolerantJSONResponse
from app.schemas.task import TaskState, TaskStatus
from app.services.audio_service import FORM_OVERHEAD_BYTES
from app.services.options import OPTIONS

router = APIRouter(tags=["transcribe"])


class Accepted(BaseModel):
    """The task that an upload became."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: TaskStatus


@router.post("/transcribe", include_in_schema=False)
@router.post(
    "/transcribe/",
    status_code=202,
    response_model=Accepted,
    summary="Send a recording",
    responses=openapi.UPLOAD_RESPONSES,
    openapi_extra={"parameters": parameters.QUERY_PARAMETERS, "requestBody": parameters.UPLOAD_BODY},
)
async def transcribe(
    request: Request,
    services: ServicesDep,
) -> JSONResponse:
    """The recording goes into the form field `file`.

    Its options may come in the query or as form fields. The answer comes as soon as the recording is
    stored and queued.
    """
    reader = FormReader(
        request.stream(),
        boundary_of(request.headers.get("content-type")),
        max_bytes=services.settings.max_upload_bytes + FORM_OVERHEAD_BYTES,
    )
    length = request.headers.get("content-length", "")
    task = await services.audio.accept(
        reader.parts(),
        {name: request.query_params.getlist(name) for name in OPTIONS},
        int(length) if length.isdecimal() else None,
    )
    accepted = Accepted(task_id=task.task_id, status=TaskStatus.QUEUED)
    return JSONResponse(accepted.model_dump(mode="json"), 202, {"Location": f"/transcribe/{task.task_id}"})


@router.get(
    "/status/{task_id}",
    summary="The same answer under a second address",
    response_model=TaskState,
    responses=openapi.STATE_RESPONSES,
)
@router.get(
    "/transcribe/{task_id}",
    summary="What became of a recording",
    response_model=TaskState,
    responses=openapi.STATE_RESPONSES,
)
async def task_state(task_id: str, services: ServicesDep) -> TolerantJSONResponse:
    """`status` is `queued`, `processing`, `done` (`result` holds the text) or `error` (`error` says why)."""
    state = await services.queue.state(task_id)
    return TolerantJSONResponse(state.model_dump(exclude_none=True) | _result(state))


def _result(state: TaskState) -> dict[str, Any]:
    """The result as it was stored: what is null in it stays."""
    return {} if state.result is None else {"result": state.result}
