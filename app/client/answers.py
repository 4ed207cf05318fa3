"""What the service's answers mean, read the same way by both clients."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import h11
import httpx2
from pydantic import BaseModel, ValidationError

from app.client.errors import ClientError, ProtocolBroken, ServiceProblem, ServiceUnreachable

Model = TypeVar("Model", bound=BaseModel)

_OURS = (
    *(httpx2.SSEError, httpx2.LocalProtocolError, httpx2.UnsupportedProtocol),
    *(httpx2.DecodingError, httpx2.TooManyRedirects),
)
"""Errors that another try would only repeat."""


class _Problem(BaseModel):
    """The part of problem details that is always there."""

    code: str
    detail: str


@contextmanager
def translated(base_url: httpx2.URL) -> Iterator[None]:
    """Errors of the connection as errors of the client."""
    try:
        yield
    except h11.LocalProtocolError as error:  # httpx2 lets it through where a body is not as long as announced
        raise ProtocolBroken(
            "The recording changed while it was being sent; send it again when it is complete."
        ) from error
    except _OURS as error:
        raise ProtocolBroken(
            f"What was exchanged with {_shown(base_url)} makes no sense: {_reason(error)}."
        ) from error
    except httpx2.TransportError as error:
        raise ServiceUnreachable(
            f"The service at {_shown(base_url)} cannot be reached: {_reason(error)}."
        ) from error


def model_of(response: httpx2.Response, model: type[Model]) -> Model:
    """The answer's content. Raises ProtocolBroken where it is something else."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise ProtocolBroken(
            f"{_shown(response.request.url)} does not answer as this service does; is the address right?"
        ) from error


def problem_of(response: httpx2.Response) -> ClientError | None:
    """What is wrong, in an answer that has been read; None where all is well."""
    if response.is_success:
        return None
    retry_after = retry_after_seconds(response.headers.get("Retry-After"))
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:  # what stands before the service, such as a proxy, answered
        return ServiceProblem(
            f"http_{response.status_code}",
            f"{_shown(response.request.url)} answered {response.status_code} {response.reason_phrase}.",
            response.status_code,
            retry_after,
        )
    return ServiceProblem(problem.code, problem.detail, response.status_code, retry_after)


def retry_after_seconds(retry_after: str | None) -> float | None:
    """Retry-After is a number of seconds or a date; what is neither is as good as none."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0.0, (date - datetime.now(UTC)).total_seconds())


def _shown(url: httpx2.URL) -> str:
    """An address without the password that may be in it: sentences go into logs, and to clients."""
    return str(url.copy_with(userinfo=b""))


def _reason(error: Exception) -> str:
    return str(error).rstrip(".") or type(error).__name__
