"""Requests to a transcription server, with time-outs, retries and a limit on how many are under way.

What may pass (no connection, a time-out, 429, 5xx) is tried again for REMOTE_RETRY_SECONDS, with pauses that
grow or that the server asks for (`Retry-After`). A request that waits keeps its slot, so that a server in
trouble is sent no more than it has.
"""

import logging
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from http import HTTPStatus

import httpx2
from pydantic import ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_delay

from app.asr.backends.remote.response import RemoteResponse
from app.client.answers import retry_after_seconds, translated
from app.client.calls import http_settings
from app.client.errors import ClientError, ProtocolBroken, ServiceProblem, ServiceUnreachable
from app.client.retries import RetryPolicy
from app.core.backoff import Backoff
from app.core.config import Settings
from app.core.errors import EngineFailed, EngineRefused, ModelUnavailable, TaskError

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 10.0

LONGEST_QUOTE = 300
"""Characters of a server's message that are passed on."""

_PASSING = frozenset(
    {
        HTTPStatus.ACCEPTED,  # another instance of this service: the transcript is not ready yet
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.TOO_MANY_REQUESTS,
    }
)
_UNSUPPORTED = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.NOT_IMPLEMENTED}
)
"""How servers answer a `response_format` or `timestamp_granularities` that they do not have."""

_TASK_GONE = "task_not_found"
"""Another instance of this service has removed the task of this key, since its client was away."""


class Detail(IntEnum):
    """How much a server is asked to tell of a window."""

    TEXT = 0
    SEGMENTS = 1
    WORDS = 2

    def fields(self) -> dict[str, str | list[str]]:
        """As form fields."""
        if self is Detail.TEXT:
            return {"response_format": "json"}
        granularities = ["segment", "word"] if self is Detail.WORDS else ["segment"]
        return {"response_format": "verbose_json", "timestamp_granularities[]": granularities}


@dataclass(frozen=True, slots=True)
class RemoteRequest:
    """One window as it is sent: a WAV file and the fields of the form, without the format of the answer."""

    wav: bytes
    fields: Mapping[str, str]
    translate: bool

    @property
    def path(self) -> str:
        """Below REMOTE_URL."""
        return "/audio/translations" if self.translate else "/audio/transcriptions"


class TranscriptionServer:
    """One server, as the settings name it; thread-safe."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError where the address or the key cannot be sent."""
        key = settings.remote_api_key
        self._http = httpx2.Client(
            **http_settings(settings.remote_url, key.get_secret_value() if key else None),
            timeout=httpx2.Timeout(settings.remote_timeout_seconds, connect=CONNECT_SECONDS, pool=None),
            limits=httpx2.Limits(max_connections=settings.remote_concurrency),
        )
        self._slots = threading.BoundedSemaphore(settings.remote_concurrency)
        self._policy = RetryPolicy()
        self._retry_seconds = settings.remote_retry_seconds
        self._most = Detail.WORDS
        self._failures = Backoff(logger, "The transcription server of REMOTE_URL")
        self._failures_lock = threading.Lock()

    def transcribe(self, request: RemoteRequest, detail: Detail) -> RemoteResponse:
        """The transcript, with as much detail as the server has, up to `detail`.

        Raises EngineFailed where another attempt may succeed, else ModelUnavailable or EngineRefused.
        """
        try:
            with self._slots:
                return self._in_detail(request, min(detail, self._most))
        except ClientError as error:
            raise self._task_error(error) from error

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def _in_detail(self, request: RemoteRequest, detail: Detail) -> RemoteResponse:
        """Ask for less where the server does not have what is asked for, and remember that."""
        try:
            return self._send(request, detail)
        except ServiceProblem as refusal:
            if refusal.status not in _UNSUPPORTED or detail is Detail.TEXT:
                raise
            less = Detail(detail - 1)
            try:
                response = self._in_detail(request, less)
            except ServiceProblem:
                raise refusal from None  # it is not the detail that the server refuses
            self._most = min(self._most, less)
            logger.warning("The transcription server gives no %s: %s", detail.name.lower(), refusal.detail)
            return response

    def _send(self, request: RemoteRequest, detail: Detail) -> RemoteResponse:
        """The answer, after as many tries as it takes.

        All tries of a request carry one Idempotency-Key: another instance of this service, that was killed
        meanwhile, goes on with the task that it has. A request that the server has seen end gets a new one.
        """
        key = uuid.uuid4().hex

        def attempt() -> RemoteResponse:
            nonlocal key
            try:
                return self._send_once(request, detail, key)
            except ClientError as error:
                if _ends_task(error):
                    key = uuid.uuid4().hex
                raise

        retrying = Retrying(
            retry=retry_if_exception(_may_pass),
            wait=self._pause,
            stop=stop_after_delay(self._retry_seconds),
            reraise=True,
        )
        response = retrying(attempt)
        with self._failures_lock:
            self._failures.succeeded()
        return response

    def _send_once(self, request: RemoteRequest, detail: Detail, key: str) -> RemoteResponse:
        with translated(self._http.base_url):
            answer = self._http.post(
                request.path,
                data={**request.fields, **detail.fields()},
                files={"file": ("window.wav", request.wav, "audio/wav")},
                headers={"Idempotency-Key": key},
            )
        if answer.status_code != HTTPStatus.OK:
            raise _problem(answer)
        try:
            return RemoteResponse.model_validate_json(answer.content)
        except ValidationError as error:
            raise ProtocolBroken(
                f"{answer.request.url} does not answer as OpenAI's audio API does; check REMOTE_URL."
            ) from error

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if error is not None and not _is_unfinished(error):
            with self._failures_lock:
                self._failures.failed(error)
        if isinstance(error, ServiceProblem) and error.retry_after is not None:
            return min(error.retry_after, self._retry_seconds)
        return self._policy.pause(state.attempt_number)

    def _task_error(self, error: ClientError) -> TaskError:
        """What a failure means to the task whose window it was."""
        if isinstance(error, ProtocolBroken):
            return EngineRefused(str(error))
        if not isinstance(error, ServiceProblem):
            return EngineFailed(f"{error} It was tried for {self._retry_seconds:g} s (REMOTE_RETRY_SECONDS).")
        told = f"{error.status}: {error.detail}"
        if _may_pass(error):
            return EngineFailed(
                f"The transcription server failed ({told}) for {self._retry_seconds:g} s "
                "(REMOTE_RETRY_SECONDS)."
            )
        if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            return ModelUnavailable(f"The transcription server refuses the key of REMOTE_API_KEY ({told}).")
        if error.status == HTTPStatus.NOT_FOUND:
            return ModelUnavailable(
                f"The transcription server knows no such model or address ({told}); check REMOTE_MODEL, and "
                "REMOTE_URL, which ends with /v1."
            )
        return EngineRefused(f"The transcription server refuses the request ({told}).")


def _may_pass(error: BaseException) -> bool:
    """Whether the same request may succeed later."""
    if isinstance(error, ServiceProblem):
        passing = error.status in _PASSING or error.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return error.code == _TASK_GONE or (passing and error.status != HTTPStatus.NOT_IMPLEMENTED)
    return isinstance(error, ServiceUnreachable)


def _is_unfinished(error: BaseException) -> bool:
    return isinstance(error, ServiceProblem) and error.status == HTTPStatus.ACCEPTED


def _ends_task(error: ClientError) -> bool:
    """Whether the server no longer works on the request: it has answered, or its client has hung up."""
    return not _is_unfinished(error) and (
        isinstance(error, ServiceProblem) or isinstance(error.__cause__, httpx2.TimeoutException)
    )


def _problem(answer: httpx2.Response) -> ServiceProblem:
    """An answer that is no transcript: `{"error": {"message", "code"}}`, or whatever a proxy writes."""
    code, message = f"http_{answer.status_code}", answer.reason_phrase
    try:
        content = answer.json()
    except ValueError:
        content = None
    told = content.get("error", content) if isinstance(content, dict) else None
    if isinstance(told, dict):
        code = str(told.get("code") or code)
        message = _first_text([told.get("message"), told.get("detail")]) or message
    elif isinstance(told, str):
        message = told
    return ServiceProblem(
        code,
        message[:LONGEST_QUOTE],
        answer.status_code,
        retry_after_seconds(answer.headers.get("Retry-After")),
    )


def _first_text(candidates: Sequence[object]) -> str | None:
    """FastAPI's `detail` may be a list of what is wrong with each field."""
    return next((str(each) for each in candidates if each), None)
