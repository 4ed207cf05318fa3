"""What a poll may ask for: read here, since FastAPI reads parameters slowly, and most polls have none."""

from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request

from app.core.names import refuse_unknown
from app.schemas.form import TranscriptFormat

LONGEST_WAIT_SECONDS = 60
"""Proxies close connections that are silent for longer."""


class PollParams(BaseModel):
    """`wait` for the end of the task, in seconds; `format` of the transcript, instead of the state;
    `corrected`: with what people have corrected."""

    model_config = ConfigDict(frozen=True)

    wait: float = Field(0.0, ge=0, le=LONGEST_WAIT_SECONDS)
    format: TranscriptFormat | None = None
    corrected: bool = False


_PLAIN = PollParams()

POLL_PARAMETER_DOCS: list[dict[str, Any]] = [
    {
        "name": "wait",
        "in": "query",
        "description": "Answer when the task has ended, or after so long.",
        "schema": {"type": "number", "minimum": 0, "maximum": LONGEST_WAIT_SECONDS, "default": 0},
    },
    {
        "name": "format",
        "in": "query",
        "description": "The transcript itself, in this format; 409 where there is none (yet).",
        "schema": {"type": "string", "enum": [str(each) for each in TranscriptFormat]},
    },
    {
        "name": "corrected",
        "in": "query",
        "description": "With what people have corrected (`/transcribe/{task_id}/corrections`).",
        "schema": {"type": "boolean", "default": False},
    },
]


def parse_poll_params(request: Request) -> PollParams:
    """The poll that a request is. Raises RequestValidationError, UnknownParameter."""
    if not request.scope["query_string"]:
        return _PLAIN
    refuse_unknown(request.query_params, PollParams.model_fields)
    try:
        return PollParams.model_validate(dict(request.query_params))
    except ValidationError as error:
        wrong = [{**each, "loc": ("query", *each["loc"])} for each in error.errors()]
        raise RequestValidationError(wrong) from error
