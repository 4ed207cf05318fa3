"""Tasks on their way between Redis, the archive and those who ask."""

import time
from typing import Any

from app.core.validation import number_within
from app.queue.ended import EndedTask
from app.queue.reader import TaskRecord
from app.queue.results import state_of_result
from app.schemas.archived import ArchivedResult, ArchivedTask
from app.schemas.failure import ArchivedFailure
from app.schemas.task import LONGEST_SECONDS, Task, TaskFailure, TaskState, TaskStatus


def archived_task(ended: EndedTask, task: Task | None, state: TaskState) -> ArchivedTask:
    """A task as the archive lists it: as it was sent, or as a foreign worker's result tells."""
    told: dict[str, Any] = state.result or {}
    language, model, duration = told.get("language"), told.get("model"), told.get("duration")
    created_ms = ended.created_ms or int((task.created_at if task else time.time()) * 1000)
    return ArchivedTask(
        task_id=ended.task_id,
        created_ms=created_ms,
        owner=task.owner if task else None,
        filename=task.filename if task else None,
        model=task.model if task and task.model else (model if isinstance(model, str) else None),
        language=language if isinstance(language, str) else None,
        duration=task.duration if task and task.duration else number_within(duration, 0, LONGEST_SECONDS),
    )


def _known_of(kept: ArchivedTask | ArchivedFailure, created_at: float) -> Task:
    """The task as far as it is still known; its recording has gone."""
    return Task(
        task_id=kept.task_id,
        file_path=kept.task_id,
        owner=kept.owner,
        filename=kept.filename,
        model=kept.model,
        duration=kept.duration,
        created_at=created_at,
    )


def archived_failure(ended: EndedTask, task: Task | None, state: TaskState) -> ArchivedFailure:
    """A failure as the archive lists it."""
    now = time.time()
    assert state.error is not None
    return ArchivedFailure(
        task_id=ended.task_id,
        created_at=(ended.created_ms / 1000) if ended.created_ms else (task.created_at if task else now),
        ended_at=(ended.finished_ms / 1000) if ended.finished_ms else now,
        owner=task.owner if task else None,
        filename=task.filename if task else None,
        model=task.model if task else None,
        duration=task.duration if task else None,
        code=state.error.code,
        message=state.error.message,
        attempts=ended.attempts,
    )


def failure_record(failure: ArchivedFailure) -> TaskRecord:
    """A failed task as far as it is still known."""
    error = TaskFailure(code=failure.code, message=failure.message)
    task = _known_of(failure, failure.created_at)
    return TaskRecord(TaskState(task_id=failure.task_id, status=TaskStatus.ERROR, error=error), task)


def transcript_record(found: ArchivedResult) -> TaskRecord:
    """A task that is done, with its result."""
    task = _known_of(found.task, found.task.created_ms / 1000)
    return TaskRecord(state_of_result(task.task_id, found.result), task)
