"""How errors are told in the docs of the HTTP API: by status, each with an example."""

from typing import Any

from app.api.problems import MEDIA_TYPE, Problem
from app.core.errors import (
    ArchiveUnavailable,
    InvalidParameter,
    QueueUnavailable,
    ServiceError,
    TaskNotFound,
    Unauthorized,
    UnknownParameter,
)

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = Problem.model_json_schema()

ANY_PROBLEM: Responses = {
    "default": {"description": "Any other error.", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
}


def problems(*kinds: tuple[type[ServiceError], str]) -> Responses:
    """Documentation of errors, those of one HTTP status under one heading, each with an example."""
    responses: Responses = {}
    for kind, detail in kinds:
        response = responses.setdefault(
            kind.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}},
        )
        response["description"] += f"{'; ' if response['description'] else ''}`{kind.code}`: {kind.title}"
        response["content"][MEDIA_TYPE]["examples"][kind.code] = {
            "value": {
                "type": f"/problems/{kind.code}",
                "title": kind.title,
                "status": kind.status,
                "detail": detail,
                "instance": "/transcribe/",
                "code": kind.code,
            }
        }
    return responses


AT_THE_TASK: Responses = problems(
    (TaskNotFound, "No task has this id."),
    (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
    (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
    (
        ArchiveUnavailable,
        "The archive of transcripts cannot be used at the moment; please try again in a moment.",
    ),
)

INVALID: dict[str, Any] = problems(
    (InvalidParameter, "The value of `query.limit` is wrong: Input should be less than or equal to 200."),
    (UnknownParameter, "There is no parameter 'formt' here; the nearest is `format`."),
)[422]
