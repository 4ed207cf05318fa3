"""What the docs tell of answers about tasks, their ends and their recordings."""

from app.api.openapi.problems import ANY_PROBLEM, AT_THE_TASK, INVALID, Responses, problems
from app.api.openapi.states import STATES
from app.core.errors import (
    ArchiveOff,
    ArchiveUnavailable,
    CannotRetry,
    Forbidden,
    InvalidParameter,
    NotFinished,
    QueueUnavailable,
    RecordingGone,
    StorageUnavailable,
    TaskNotFound,
    TranscriptionFailed,
    Unauthorized,
)

STATE_RESPONSES: Responses = {
    200: {
        "description": "What is known about the task.",
        "content": {
            "application/json": {"examples": {name: {"value": state} for name, state in STATES.items()}}
        },
    },
    304: {"description": "Nothing has changed since the answer that If-None-Match names."},
    **AT_THE_TASK,
    **problems(
        (NotFinished, "The transcript is not there yet; the task is processing."),
        (TranscriptionFailed, "There is no transcript: The file holds no sound."),
    ),
    422: INVALID,
    **ANY_PROBLEM,
}

DELETE_RESPONSES: Responses = {
    204: {"description": "Nothing is left of the task."},
    **AT_THE_TASK,
    **problems(
        (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
        (StorageUnavailable, "The server cannot store uploads now; please try again later."),
    ),
    **ANY_PROBLEM,
}

FAILURE_RESPONSES: Responses = {
    **problems(
        (ArchiveOff, "Failures are kept in the archive, and this service has none (ARCHIVE=false)."),
        (InvalidParameter, "`cursor` is none."),
        (ArchiveUnavailable, "The archive of transcripts cannot be used at the moment."),
    ),
    **ANY_PROBLEM,
}

AUDIO_RESPONSES: Responses = {
    200: {"description": "The recording.", "content": {"audio/*": {}, "video/*": {}}},
    206: {"description": "The range of it that was asked for."},
    **AT_THE_TASK,
    **problems((RecordingGone, "The recording is not kept: it was removed after its task had ended.")),
    **ANY_PROBLEM,
}

OPERATOR_RESPONSES: Responses = {
    **problems(
        (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
        (Forbidden, "This view is for operators; OPERATOR_KEYS names the keys that may see it."),
        (TaskNotFound, "There is no dead letter of this reference."),
        (CannotRetry, "The task cannot be queued anew: it is waiting."),
        (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
    ),
    422: INVALID,
    **ANY_PROBLEM,
}

RETRY_RESPONSES: Responses = {
    202: {"description": "The task waits again, with all its attempts."},
    **AT_THE_TASK,
    **problems((CannotRetry, "The task cannot be queued anew: it is done.")),
    **ANY_PROBLEM,
}

EVENT_RESPONSES: Responses = {**AT_THE_TASK, **ANY_PROBLEM}
