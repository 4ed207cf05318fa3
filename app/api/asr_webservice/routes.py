"""`/asr` and `/detect-language`: Bazarr and other programs written for whisper-asr-webservice."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from app.api.asr_webservice.docs import ASR_DOCS, DETECT_DOCS
from app.api.asr_webservice.options import FIELDS, is_raw, parse_output_format, webservice_options
from app.api.auth import CallerDep
from app.api.deps import Services, ServicesDep
from app.api.openapi.dialects import WAITED_RESPONSES
from app.api.openapi.problems import ANY_PROBLEM
from app.api.rates import COUNTED
from app.api.raw_audio import wav_header, with_recording
from app.api.uploads import content_length, read_form
from app.api.waiting import Make, answer_when_done
from app.core.errors import TranscriptionFailed
from app.core.languages import LANGUAGES
from app.core.validation import number_within
from app.formats.formats import render
from app.schemas.caller import Caller
from app.schemas.form import TranscriptFormat
from app.services.upload_request import UploadRequest

router = APIRouter(tags=["asr webservice"])

RECORDING_FIELD = "audio_file"
RAW_RATE = 16_000
"""Samples a second of a recording without a header."""

DETECTION_SECONDS = 30.0
"""Part of a recording by which its language is told, as in whisper-asr-webservice."""


@router.get("/status", summary="Bazarr: is it there", responses=ANY_PROBLEM)
async def status(_: CallerDep) -> dict[str, str]:
    """What Bazarr's button *Test* asks for."""
    return {"version": "Transcriber (whisper-asr-webservice API)"}


@router.post(
    "/asr",
    summary="whisper-asr-webservice: transcribe",
    response_model=None,
    dependencies=[COUNTED],
    responses=WAITED_RESPONSES,
    openapi_extra=ASR_DOCS,
)
async def asr(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """As Bazarr sends it: `output` is txt, vtt, srt, tsv or json; `encode=false`: samples without a header.

    The answer comes when the transcript is there, however long that takes: clients of this API take whatever
    else they get for subtitles.
    """
    values = {name: request.query_params.getlist(name) for name in FIELDS}

    async def make(result: dict[str, Any]) -> Response:
        output = parse_output_format(values)
        text = await services.renderer.run(result, render, result, output)
        kind = "application/json" if output is TranscriptFormat.JSON else "text/plain"
        return Response(text, media_type=kind)

    is_json = parse_output_format(values) is TranscriptFormat.JSON
    return await _answer(request, services, caller, values, make, is_json=is_json)


@router.post(
    "/detect-language",
    summary="whisper-asr-webservice: which language is spoken",
    response_model=None,
    dependencies=[COUNTED],
    responses=WAITED_RESPONSES,
    openapi_extra=DETECT_DOCS,
)
async def detect_language(request: Request, services: ServicesDep, caller: CallerDep) -> Response:
    """The language of the first 30 seconds: `detected_language`, `language_code`, `confidence`."""
    values = {name: request.query_params.getlist(name) for name in FIELDS}
    return await _answer(request, services, caller, values, _detected, is_json=True, trim=DETECTION_SECONDS)


async def _detected(result: dict[str, Any]) -> Response:
    """The language of a transcript. Raises TranscriptionFailed where none was told."""
    code = result.get("language")
    if not isinstance(code, str):
        raise TranscriptionFailed("No language was detected: nothing is said at the beginning.")
    content = {
        "detected_language": LANGUAGES.get(code, code),
        "language_code": code,
        "confidence": number_within(result.get("language_probability"), 0, 1),
    }
    return Response(to_json(content), media_type="application/json")


async def _answer(
    request: Request,
    services: Services,
    caller: Caller,
    values: dict[str, list[str]],
    make: Make,
    *,
    is_json: bool,
    trim: float | None = None,
) -> Response:
    raw = {"header": wav_header(RAW_RATE, 1), "filename": "audio.wav"} if is_raw(values) else {}
    form = read_form(request, services.settings, max_parts=None)
    accepted = await services.audio.accept(
        with_recording(form, RECORDING_FIELD, **raw),  # type: ignore[arg-type]
        UploadRequest(
            values=values,
            read=lambda given: webservice_options(given, services.settings, trim),
            caller=caller,
            content_length=content_length(request),
            is_awaited=True,
        ),
    )
    return await answer_when_done(request, services, caller, accepted, make, is_json=is_json, is_patient=True)
