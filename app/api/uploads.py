"""Recordings on their way in, as the routes hand them on."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from app.api.body import BodyReader
from app.api.disposition import parse_filename
from app.api.multipart import MAX_PARTS, FormReader, multipart_boundary
from app.api.raw_audio import RecordingPart, form_with
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.speed import SlowestSpeed
from app.services.options import UPLOAD
from app.services.receiving import FORM_OVERHEAD_BYTES, FormPart, is_recording

MAX_KEY_LENGTH = 255


def read_form(
    request: Request, settings: Settings, *, max_parts: int | None = MAX_PARTS
) -> AsyncIterator[FormPart]:
    """The fields of the request's form, as they arrive. Raises MalformedUpload where it is none.

    The body may be the recording alone, which its Content-Type tells; its name then comes in a
    Content-Disposition header. A request that names the recording's address or upload in its query needs no
    body.
    """
    content_type = request.headers.get("content-type")
    if content_type is None and not {"url", UPLOAD}.isdisjoint(request.query_params):
        return form_with()
    body = body_reader(request, settings)
    if content_type is not None and is_recording(content_type):
        filename = parse_filename(request.headers.get("content-disposition", ""))
        return form_with(RecordingPart(body.chunks(), filename, content_type=content_type))
    return FormReader(body, multipart_boundary(content_type), max_parts).parts()


def body_reader(request: Request, settings: Settings) -> BodyReader:
    """The request's body, within the bounds of the settings."""
    return BodyReader(
        request.stream(),
        max_bytes=settings.max_upload_bytes + FORM_OVERHEAD_BYTES,
        slowest=SlowestSpeed(settings.min_transfer_bytes_per_second),
    )


def idempotency_key(request: Request) -> str | None:
    """The client's name of the request. Raises InvalidParameter where it is too long."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidParameter(
            f"The Idempotency-Key is longer than {MAX_KEY_LENGTH} characters; a UUID will do.",
            parameter="Idempotency-Key",
        )
    return key or None


def content_length(request: Request) -> int | None:
    """Bytes of the body that the request announces."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None
