"""Errors as OpenAI's API sends them: `{"error": {"message", "type", "param", "code"}}`."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import JSONResponse

PREFIX = "/v1/"
"""Of all addresses of OpenAI's API."""

OWN_STATUS = {"unknown_model": HTTPStatus.NOT_FOUND, "invalid_parameter": HTTPStatus.BAD_REQUEST}
"""Where OpenAI's API has another status than ours."""

OWN_CODE = {"unknown_model": "model_not_found", "unauthorized": "invalid_api_key"}


def openai_error(
    *, code: str, message: str, status: int, param: object = None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer that tells an error; `code` and `status` are ours, and translated where theirs differ."""
    status = OWN_STATUS.get(code, status)
    error = {
        "message": message,
        "type": _type(status),
        "param": param if isinstance(param, str) else None,
        "code": OWN_CODE.get(code, code),
    }
    return JSONResponse({"error": error}, status, headers)


def _type(status: int) -> str:
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "rate_limit_error"
    return "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
