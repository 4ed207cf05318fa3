"""`POST /v1/listen`: programs written for Deepgram."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import from_json, to_json
from starlette.responses import JSONResponse

from app.api.auth import CallerDep
from app.api.body import BodyReader
from app.api.deepgram.docs import LISTEN_DOCS
from app.api.deepgram.options import (
    FIELDS,
    Encoding,
    deepgram_options,
    parse_encoding,
    parse_response_options,
)
from app.api.deepgram.response import build_response
from app.api.deps import ServicesDep
from app.api.openapi.dialects import WAITED_RESPONSES
from app.api.rates import COUNTED
from app.api.raw_audio import RecordingPart, form_with, wav_header
from app.api.uploads import body_reader, content_length
from app.api.waiting import answer_when_done
from app.core.errors import InvalidParameter, MalformedUpload
from app.services.upload_request import UploadRequest

router = APIRouter(prefix="/v1", tags=["deepgram"])

MAX_JSON_BYTES = 65_536


@router.post(
    "/listen",
    summary="Deepgram: transcribe",
    response_model=None,
    dependencies=[COUNTED],
    responses=WAITED_RESPONSES,
    openapi_extra=LISTEN_DOCS,
)
async def listen(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """The recording is the body, or named by it (`{"url": "https://…"}`); the options are in the query.

    With `callback`, the answer is `{"request_id": …}` at once, and that address is told when the task has
    ended, as `webhook` of POST /transcribe/ is. `request_id` is the id of the task.
    """
    values = {name: request.query_params.getlist(name) for name in FIELDS}
    body = body_reader(request, services.settings)
    if request.headers.get("content-type", "").startswith("application/json"):
        values["url"] = [await _url(body)]
        form = form_with()
    else:
        form = form_with(_recording(body, request, parse_encoding(values)))
    options = parse_response_options(values)
    accepted = await services.audio.accept(
        form,
        UploadRequest(
            values=values,
            read=lambda given: deepgram_options(given, services.settings),
            caller=caller,
            content_length=content_length(request),
            is_awaited=not values["callback"],
        ),
    )
    if values["callback"]:
        return JSONResponse({"request_id": accepted.task_id})

    async def make(result: dict[str, Any]) -> Response:
        content = await services.renderer.run(result, build_response, accepted.task_id, result, options)
        return Response(to_json(content, inf_nan_mode="null"), media_type="application/json")

    return await answer_when_done(request, services, caller, accepted, make, is_json=True)


async def _url(body: BodyReader) -> str:
    """The address in a body of JSON. Raises MalformedUpload."""
    text = bytearray()
    async for chunk in body.chunks():
        text += chunk
        if len(text) > MAX_JSON_BYTES:
            raise MalformedUpload(f"The JSON is longer than {MAX_JSON_BYTES} bytes.")
    try:
        content = from_json(bytes(text))
    except ValueError as error:
        raise MalformedUpload(f"The body is not JSON: {error}.") from error
    if not isinstance(content, dict) or not isinstance(content.get("url"), str):
        raise MalformedUpload('The JSON names no recording; send {"url": "https://…"}.')
    return str(content["url"])


def _recording(body: BodyReader, request: Request, encoding: Encoding | None) -> RecordingPart:
    """The whole body, whatever its Content-Type. Raises InvalidParameter."""
    content_type = request.headers.get("content-type", "application/octet-stream")
    if encoding is None:
        return RecordingPart(body.chunks(), "recording", content_type=content_type)
    if encoding.name in ("linear16", "linear"):
        header = wav_header(encoding.sample_rate, encoding.channels)
        return RecordingPart(body.chunks(), "recording.wav", header)
    if encoding.name in ("mulaw", "alaw") and (encoding.sample_rate, encoding.channels) == (8000, 1):
        return RecordingPart(body.chunks(), f"recording.{'ulaw' if encoding.name == 'mulaw' else 'alaw'}")
    if encoding.name in ("mulaw", "alaw"):
        raise InvalidParameter(
            "Samples in mulaw and alaw are taken with sample_rate=8000 and channels=1; send others as WAV.",
            parameter="encoding",
        )
    return RecordingPart(body.chunks(), f"recording.{encoding.name}")
