"""Recordings on their way in, as the routes hand them on."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from app.api.multipart import FormReader, Part, boundary_of
from app.core.config import Settings
from app.services.audio_service import FORM_OVERHEAD_BYTES


def form_of(request: Request, settings: Settings) -> AsyncIterator[Part]:
    """The fields of the request's form, as they arrive. Raises MalformedUpload where it holds none."""
    reader = FormReader(
        request.stream(),
        boundary_of(request.headers.get("content-type")),
        max_bytes=settings.max_upload_bytes + FORM_OVERHEAD_BYTES,
    )
    return reader.parts()


def length_of(request: Request) -> int | None:
    """Bytes of the body that the request announces."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None
