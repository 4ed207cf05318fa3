"""Errors as HTTP answers: RFC 9457 problem details, one shape for all."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from app.api.deepgram import errors as deepgram_errors
from app.api.openai import errors as openai_errors
from app.api.request_id import HEADER
from app.api.secret_paths import told_path
from app.core.errors import InvalidParameter, ServiceError, StillTranscribing, Unauthorized
from app.core.names import nearest_name

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Problem details (RFC 9457). `code` is what programs compare, `detail` a sentence for people.

    Some problems carry more, such as `choices`, `parameter` or `max_upload_mb`.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    type: str = Field("about:blank", examples=["/problems/unknown_model"])
    title: str = Field(examples=["Unknown model"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["There is no model 'huge'; choose one of: tiny, base, small."])
    instance: str = Field(examples=["/transcribe/"])
    code: str = Field(examples=["unknown_model"])


class ProblemResponse(JSONResponse):
    """A problem on its way to the client."""

    media_type = MEDIA_TYPE


def add_problem_handlers(app: FastAPI) -> None:
    """Make every error of `app` a problem, those of the router and unexpected ones too."""
    app.add_exception_handler(ServiceError, _on_service_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected)


def problem_response(error: ServiceError, request: Request) -> Response:
    """The answer that tells `error`."""
    problem = Problem(
        **error.extra,
        type=f"/problems/{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=told_path(request.url.path),
        code=error.code,
    )
    return _answer(problem, _headers(error), getattr(request.state, "request_id", ""))


def _answer(problem: Problem, headers: Mapping[str, str] | None, request_id: str = "") -> Response:
    """The problem in the form of the address that it is about."""
    if problem.instance == deepgram_errors.PATH:
        return deepgram_errors.deepgram_error(
            code=problem.code,
            message=problem.detail,
            status=problem.status,
            request_id=request_id,
            headers=headers,
        )
    if problem.instance.startswith(openai_errors.PREFIX):
        return openai_errors.openai_error(
            code=problem.code,
            message=problem.detail,
            status=problem.status,
            param=(problem.model_extra or {}).get("parameter"),
            headers=headers,
        )
    return ProblemResponse(problem.model_dump(), problem.status, headers)


def _headers(error: ServiceError) -> dict[str, str]:
    headers = {}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, StillTranscribing):
        headers["Location"] = f"/transcribe/{error.extra['task_id']}"
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


async def _on_service_error(request: Request, error: Exception) -> Response:
    return refusal_of(request, cast(ServiceError, error))


def refusal_of(request: Request, error: ServiceError) -> Response:
    """The answer that tells `error`, which is logged."""
    logger.log(
        logging.ERROR if error.status == HTTPStatus.INTERNAL_SERVER_ERROR else logging.INFO,
        "%s %s refused with %d: %s",
        request.method,
        told_path(request.url.path),
        error.status,
        error.detail,
        extra={"error_code": error.code, "request_id": request.state.request_id},
    )
    return problem_response(error, request)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    first = cast(RequestValidationError, error).errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    return problem_response(InvalidParameter(f"The value of `{where}` is wrong: {first['msg']}."), request)


async def _on_http_error(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    title = HTTPStatus(error.status_code).phrase
    code = title.lower().replace(" ", "_")
    detail = _SENTENCES.get(error.status_code, f"{error.detail}.").format(method=request.method)
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = _not_found(request)
    instance = told_path(request.url.path)
    problem = Problem(title=title, status=error.status_code, detail=detail, instance=instance, code=code)
    headers = _allowed(request) if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED else None
    return _answer(problem, headers or error.headers)


def _not_found(request: Request) -> str:
    """A sentence that names the address that is spelt most like the one asked for, where one is near."""
    paths = request.app.openapi()["paths"]
    path = nearest_name(request.url.path, paths)
    if path is None:
        return "There is nothing at this address; see /docs for what there is."
    methods = ", ".join(method.upper() for method in paths[path])
    return f"There is nothing at this address; the nearest is {methods} {path}, see /docs for others."


def _allowed(request: Request) -> dict[str, str]:
    """What the address takes: Starlette names the methods of the first of its routes only."""
    path = getattr(request.scope.get("route"), "path", "")
    methods = [name.upper() for name in request.app.openapi()["paths"].get(path, {})]
    return {"Allow": ", ".join(methods)} if methods else {}


async def _on_disconnect(request: Request, _: Exception) -> Response:
    path = told_path(request.url.path)
    logger.info("The client of %s %s went away before its answer", request.method, path)
    return Response(status_code=HTTPStatus.BAD_REQUEST)  # nobody is left to read it


async def _on_unexpected(request: Request, error: Exception) -> Response:
    request_id = request.state.request_id
    logger.error(
        "Unexpected %s in request %s", type(error).__name__, request_id
    )  # uvicorn logs the traceback
    response = problem_response(
        ServiceError(f"Something unexpected went wrong; the service's log tells it of request {request_id}."),
        request,
    )
    response.headers[HEADER] = request_id  # this handler's answer bypasses the middleware
    return response


_SENTENCES = {
    405: "This address does not take {method}; see /docs for what it takes.",
}
