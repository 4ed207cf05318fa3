"""Payloads: the JSON of a task, as it lies in the lists of the queue; any program may have written it."""

from pydantic import ValidationError
from pydantic_core import from_json

from app.core.validation import number_within
from app.schemas.task import LATEST_TIME, Task, TaskFailure

MAX_ID_LENGTH = 512


def dump_task(task: Task) -> bytes:
    """The payload of a task, which stands for it in every list; the same bytes for the same task."""
    return task.model_dump_json(exclude_none=True).encode()


def parse_task(payload: bytes) -> Task | None:
    """The task that a payload describes; None where it describes none that can be served."""
    try:
        return Task.model_validate_json(payload)
    except ValidationError:
        return None


def parse_task_id(payload: bytes) -> str | None:
    """The task id in a payload, or None.

    It may be the id of no valid task: then there is at least a key under which its sender can be told.
    """
    fields = _fields(payload)
    value = fields.get("task_id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= MAX_ID_LENGTH:
        return None
    return value if value.isprintable() else None  # lone surrogates, which no key can hold, are not printable


def parse_created_at(payload: bytes) -> float | None:
    """Unix time at which the task was made, or None where its payload does not say."""
    return number_within(_fields(payload).get("created_at"), 0, LATEST_TIME)


def parse_failure(text: bytes | None) -> TaskFailure | None:
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
