"""Answers that come when a task has ended, over connections that proxies close when nothing is said there."""

import math
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from app.api.deps import Services
from app.core.errors import WORTH_ANOTHER_TRY, EngineFailed, ServiceError, TranscriptionFailed
from app.schemas.caller import Caller
from app.schemas.task import TaskFailure, TaskState
from app.services.upload_request import Acceptance
from app.services.waiting_service import Parting, Wait

LOOK_SECONDS = 0.5
"""Time between two looks whether the client is still there."""

BLANK = b"\n"
"""White space before a JSON text means nothing (RFC 8259, section 2)."""

Make = Callable[[dict[str, Any]], Awaitable[Response]]
"""Makes the answer of a transcript."""


@dataclass(frozen=True, slots=True)
class Awaited:
    """A task that a caller waits for in this request, until `deadline`, and how its answer is made."""

    services: Services
    caller: Caller
    accepted: Acceptance
    make: Make
    deadline: float


async def answer_when_done(
    request: Request,
    services: Services,
    caller: Caller,
    accepted: Acceptance,
    make: Make,
    *,
    is_json: bool,
    is_patient: bool = False,
) -> Response:
    """What `make` makes of the transcript; who `is_patient` waits for longer than SYNC_WAIT_SECONDS, too.

    Where the answer is JSON and takes longer than KEEPALIVE_SECONDS, it begins with white space. It has then
    the status 200, and one that cannot be given breaks off: no client takes it for a transcript, and one that
    sends its request again is told what went wrong.

    Raises StillTranscribing, TranscriptionFailed, EngineFailed, ClientDisconnect.
    """
    deadline = math.inf if is_patient else services.waiting.deadline()
    awaited = Awaited(services, caller, accepted, make, deadline)
    pause = services.settings.keepalive_seconds if is_json and _ends_are_told(request) else 0
    async with services.waiting.wait(accepted, caller, awaited.deadline) as wait:
        state = await _ended(request, wait, pause)
        if state is not None:
            return await make(result_of(state))
        wait.parting = Parting.GOES_ON
    return _BlanksFirst(awaited, pause)


def result_of(state: TaskState) -> dict[str, Any]:
    """The transcript. Raises TranscriptionFailed, or EngineFailed where the fault is ours."""
    if state.result is not None:
        return state.result
    failure = state.error or TaskFailure(code=TranscriptionFailed.code, message="The task failed.")
    kind = EngineFailed if failure.code in WORTH_ANOTHER_TRY else TranscriptionFailed
    raise kind(failure.message)


async def _ended(request: Request, wait: Wait, pause: float) -> TaskState | None:
    """How the task ended; None where it has not after `pause` seconds (0: there is no pause)."""
    waited = 0.0
    while not pause or waited < pause:
        step = min(LOOK_SECONDS, pause - waited) if pause else LOOK_SECONDS
        state = await wait.look(step)
        if state is not None:
            return state
        if await request.is_disconnected():
            raise ClientDisconnect
        waited += step
    return None


def _ends_are_told(request: Request) -> bool:
    """Whether an answer that breaks off can be told from one that has ended: in HTTP/1.0 it cannot."""
    return str(request.scope.get("http_version")) != "1.0"


class _BlanksFirst(StreamingResponse):
    """White space, then the answer; or the connection is closed in its middle."""

    def __init__(self, awaited: Awaited, pause: float) -> None:
        self._is_whole = False
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(self._content(awaited, pause), headers=headers, media_type="application/json")

    async def _content(self, awaited: Awaited, pause: float) -> AsyncIterator[bytes]:
        waiting = awaited.services.waiting
        async with waiting.wait(awaited.accepted, awaited.caller, awaited.deadline) as wait:
            yield BLANK
            try:
                while (state := await wait.look(pause)) is None:
                    yield BLANK
                answer = await awaited.make(result_of(state))
            except ServiceError:
                wait.parting = Parting.BROKEN_OFF
                return
        yield bytes(answer.body)
        self._is_whole = True

    async def stream_response(self, send: Send) -> None:
        """Without its last message, the server closes the connection: the client sees that something is
        missing."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for chunk in self.body_iterator:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if self._is_whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})
