"""The result key, read as whoever wrote it may have meant it."""

from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from app.schemas.task import TaskFailure, TaskState, TaskStatus

FOREIGN_FAILURE_CODE = "foreign_error"
FAILURE_WORDS = frozenset({"error", "failed", "failure"})


def state_of_result(task_id: str, stored: bytes) -> TaskState:
    """What the stored result says about the task.

    A result is a dict with `text`; a bare or JSON string is the text; `{"status": "done", "result": …}` is
    unwrapped; `{"status": "error"}` and `{"error": …}` are failures. Anything else is taken for the text.
    """
    return _state(task_id, _parsed(stored))


def _parsed(stored: bytes) -> Any:
    try:
        return from_json(stored)
    except ValueError:
        return stored.decode("utf-8", "replace")


def _state(task_id: str, value: Any) -> TaskState:
    if isinstance(value, dict) and "text" not in value:
        if value.get("error") or value.get("status") in FAILURE_WORDS:
            return TaskState(task_id=task_id, status=TaskStatus.ERROR, error=_failure(value))
        if "result" in value:
            return _state(task_id, value["result"])
    return TaskState(task_id=task_id, status=TaskStatus.DONE, result=_result(value))


def _result(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value if isinstance(value.get("text"), str) else value | {"text": ""}
    return {"text": value if isinstance(value, str) else str(value)}


def _failure(value: dict[str, Any]) -> TaskFailure:
    error = value.get("error")
    try:
        return TaskFailure.model_validate(error)
    except ValidationError:
        pass
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail")
    message = error or value.get("message") or value.get("detail") or "The worker reported a failure."
    return TaskFailure(code=FOREIGN_FAILURE_CODE, message=str(message))
