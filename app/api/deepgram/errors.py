"""Errors as Deepgram sends them."""

from collections.abc import Mapping

from starlette.responses import JSONResponse

PATH = "/v1/listen"


def deepgram_error(
    *, code: str, message: str, status: int, request_id: str, headers: Mapping[str, str] | None
) -> JSONResponse:
    """The answer that tells an error."""
    content = {"err_code": code.upper(), "err_msg": message, "request_id": request_id}
    return JSONResponse(content, status, headers)
