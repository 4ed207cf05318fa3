"""Queue elements: the JSON of a task, which any program may have written."""

from pydantic import ValidationError
from pydantic_core import from_json

from app.core.validation import number_within
from app.schemas.task import LATEST_TIME, Task, TaskFailure

MAX_ID_LENGTH = 512


def payload_of(task: Task) -> bytes:
    """The element that stands for `task` in every list; the same bytes for the same task."""
    return task.model_dump_json(exclude_none=True).encode()


def task_of(payload: bytes) -> Task | None:
    """The task that an element describes, or None where it describes none that can be served."""
    try:
        return Task.model_validate_json(payload)
    except ValidationError:
        return None


def identity_of(payload: bytes) -> str | None:
    """The task id of an element, or None.

    It may be the id of no valid task: then there is at least a key under which its sender can be told.
    """
    fields = _fields(payload)
    value = fields.get("task_id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_LENGTH:
        return None
    return value if value.isprintable() else None  # lone surrogates, which no key can hold, are not printable


def created_at_of(payload: bytes) -> float | None:
    """Unix time at which the task was made, or None where its element does not say."""
    return number_within(_fields(payload).get("created_at"), 0, LATEST_TIME)


def failure_of(text: bytes | None) -> TaskFailure | None:
    """The failure in a task's hash, or None."""
    try:
        return TaskFailure.model_validate_json(text) if text else None
    except ValidationError:
        return None


def _fields(payload: bytes) -> dict[str, object]:
    try:
        fields = from_json(payload)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}
