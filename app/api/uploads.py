"""Recordings on their way in, as the routes hand them on."""

from collections.abc import AsyncIterator

from starlette.requests import Request

from app.api.multipart import FormReader, Part, boundary_of
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.speed import SlowestSpeed
from app.services.receiving import FORM_OVERHEAD_BYTES

MAX_KEY_LENGTH = 255


def form_of(request: Request, settings: Settings) -> AsyncIterator[Part]:
    """The fields of the request's form, as they arrive. Raises MalformedUpload where it is none.

    A request that names the recording's address in its query needs no form.
    """
    if "url" in request.query_params and "content-type" not in request.headers:
        return _no_parts()
    reader = FormReader(
        request.stream(),
        boundary_of(request.headers.get("content-type")),
        max_bytes=settings.max_upload_bytes + FORM_OVERHEAD_BYTES,
        slowest=SlowestSpeed(settings.min_transfer_bytes_per_second),
    )
    return reader.parts()


async def _no_parts() -> AsyncIterator[Part]:
    none: tuple[Part, ...] = ()
    for part in none:
        yield part


def idempotency_key_of(request: Request) -> str | None:
    """The client's name of the request. Raises InvalidParameter where it is too long."""
    key = request.headers.get("idempotency-key", "").strip()
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidParameter(
            f"The Idempotency-Key is longer than {MAX_KEY_LENGTH} characters; a UUID will do.",
            parameter="Idempotency-Key",
        )
    return key or None


def length_of(request: Request) -> int | None:
    """Bytes of the body that the request announces."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() else None
