"""`stream=true`: the transcript as server-sent events, in the words of OpenAI's API."""

import math
from collections.abc import AsyncIterator
from typing import Any

from fastapi.sse import KEEPALIVE_COMMENT, format_sse_event

from app.api.deps import Services
from app.api.keepalive import with_pauses
from app.api.openai.request import ResponseFormat, ResponseOptions
from app.api.openai.response import (
    RENDERED,
    logprobs_field,
    model_field,
    speaker_segments,
    usage_field,
)
from app.api.responses import dump_json
from app.formats.formats import render
from app.schemas.caller import Caller
from app.schemas.form import TranscriptFormat
from app.schemas.task import ENDED, TaskState
from app.services.upload_request import Acceptance
from app.services.waiting_service import Parting

Message = dict[str, Any]


async def stream_events(
    services: Services, caller: Caller, accepted: Acceptance, options: ResponseOptions
) -> AsyncIterator[bytes]:
    """Text as windows end, and comments while there is none.

    The task of a client that goes away is kept for a while, as where it waits. Where it is the service that
    goes away, the task goes on, and is named.
    """
    told, state, task_id = "", None, accepted.task_id
    pause = services.settings.keepalive_seconds
    async with services.waiting.wait(accepted, caller, math.inf) as wait:
        async for event in with_pauses(services.tasks.follow(task_id, caller), pause):
            if event is None:
                yield KEEPALIVE_COMMENT
            elif event.window is None:
                state = event.state
            elif _tells_text(options):
                told += event.window.text
                yield _event(_delta(event.window.text))
        wait.parting = Parting.TOLD if state and state.status in ENDED else Parting.NAMED
    result = state.result if state else None
    for message in await services.renderer.run(result, _last_events, task_id, state, told, options):
        yield _event(message)
    yield format_sse_event(data_str="[DONE]")


def _tells_text(options: ResponseOptions) -> bool:
    """Whether the text of a window is a part of what is asked for: subtitles are laid out as a whole."""
    return RENDERED.get(options.format, TranscriptFormat.TEXT) is TranscriptFormat.TEXT


def _last_events(task_id: str, state: TaskState | None, told: str, options: ResponseOptions) -> list[Message]:
    """What is left of the text, and the whole; or why there is none."""
    if state is None or state.status not in ENDED:
        message = f"The service is stopping. The transcript will be at /transcribe/{task_id}."
        return [{"error": {"message": message, "type": "server_error", "code": "stopping"}}]
    result = state.result
    if result is None:
        failure = state.error
        message = failure.message if failure else "The task failed."
        return [{"error": {"message": message, "type": "server_error", "code": failure and failure.code}}]
    text = str(result["text"]) if _tells_text(options) else render(result, RENDERED[options.format])
    said = told.lstrip()
    rest = text[len(said) :] if text.startswith(said) else ""
    done = {
        "type": "transcript.text.done",
        "text": text,
        "usage": usage_field(result),
        **model_field(result),
        **logprobs_field(result, options),
    }
    diarized = options.format is ResponseFormat.DIARIZED_JSON
    return [*([_delta(rest)] if rest else []), *(speaker_segments(result) if diarized else []), done]


def _delta(text: str) -> Message:
    return {"type": "transcript.text.delta", "delta": text}


def _event(content: Message) -> bytes:
    return format_sse_event(data_str=dump_json(content).decode())
