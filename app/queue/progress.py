"""How far a task is, from what its workers have saved; all times are those of Redis."""

from app.schemas.task import TaskState, TaskStatus

PROGRESS_FIELDS = ["processed", "before", "duration", "saved_at"]
"""Of the windows' hash, what a client is told."""

NEARLY_DONE = 0.99
"""What is not done is never said to be 1, however the recording's length was misjudged."""


def with_progress(
    state: TaskState, started_at: bytes | None, windows: list[bytes | None], texts: list[bytes | None]
) -> TaskState:
    """The state of a task that is not finished, and what is known of its progress.

    `windows` are the values of PROGRESS_FIELDS, `texts` those of its windows in order, `started_at` the time
    in ms at which the task was claimed.
    """
    processed, before, duration, saved_at = windows
    if processed is None or state.status not in (TaskStatus.QUEUED, TaskStatus.PROCESSING):
        return state
    seconds = float(processed)
    length = float(duration) if duration else None
    eta = None
    if length and started_at and saved_at and state.status is TaskStatus.PROCESSING:
        mine = seconds - float(before or 0)
        elapsed = (float(saved_at) - float(started_at)) / 1000
        eta = round(max(0.0, length - seconds) * elapsed / mine, 1) if mine > 0 and elapsed > 0 else None
    return state.model_copy(
        update={
            "progress": round(min(NEARLY_DONE, seconds / length), 3) if length else None,
            "processed_seconds": round(seconds, 1),
            "eta_seconds": eta,
            "text": b"".join(filter(None, texts)).decode("utf-8", "replace").strip(),
        }
    )
