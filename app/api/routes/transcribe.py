"""Send a recording."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict
from starlette.responses import JSONResponse

from app.api import parameters
from app.api.auth import CallerDep
from app.api.deps import ServicesDep
from app.api.openapi.uploads import UPLOAD_RESPONSES
from app.api.rates import COUNTED
from app.api.uploads import content_length, idempotency_key, read_form
from app.core.names import refuse_unknown
from app.schemas.task import TaskStatus
from app.services.options import OPTIONS, parse_options
from app.services.upload_request import UploadRequest

router = APIRouter(tags=["transcribe"])


class Accepted(BaseModel):
    """The task that an upload became."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    status: TaskStatus


@router.post("/transcribe", include_in_schema=False, dependencies=[COUNTED])
@router.post(
    "/transcribe/",
    status_code=202,
    response_model=Accepted,
    summary="Send a recording",
    dependencies=[COUNTED],
    responses=UPLOAD_RESPONSES,
    openapi_extra={"parameters": parameters.QUERY_PARAMETERS, "requestBody": parameters.UPLOAD_BODY},
)
async def transcribe(request: Request, services: ServicesDep, caller: CallerDep) -> JSONResponse:
    """The recording goes into the form field `file`, or is the whole body, with its own Content-Type.

    Its options may come in the query or as form fields; what is no option is refused. The answer comes as
    soon as the recording is stored and queued.
    """
    refuse_unknown(request.query_params, OPTIONS)
    accepted = await services.audio.accept(
        read_form(request, services.settings),
        UploadRequest(
            values={name: request.query_params.getlist(name) for name in OPTIONS},
            read=lambda given: parse_options(given, services.settings),
            caller=caller,
            content_length=content_length(request),
            idempotency_key=idempotency_key(request),
            refuses_unknown=True,
        ),
    )
    headers = {"Location": f"/transcribe/{accepted.task_id}"}
    if accepted.replayed:
        headers["Idempotency-Replayed"] = "true"
    answer = Accepted(task_id=accepted.task_id, status=TaskStatus.QUEUED)
    return JSONResponse(answer.model_dump(mode="json"), 202, headers)
