"""A task that was accepted cannot be finished (this time)."""

from app.core.errors.base import ServiceError
from app.core.errors.capacity import StorageFull


class TaskError(ServiceError):
    """A task that was accepted cannot be finished (this time)."""

    code = "task_failed"
    title = "Task failed"


class InvalidTask(TaskError):
    """The queue element is no task."""

    code = "invalid_task"
    title = "Invalid task"
    retryable = False


class AudioMissing(TaskError):
    """The uploaded file is no longer in storage."""

    code = "audio_missing"
    title = "Audio missing"
    retryable = False


class RecordingUnreachable(TaskError):
    """The bucket does not give the recording now; it may later."""

    code = "recording_unreachable"
    title = "Recording out of reach"


class AudioUndecodable(TaskError):
    """Not one sample of the recording can be decoded."""

    code = "audio_undecodable"
    title = "Audio cannot be decoded"
    retryable = False


class ModelUnavailable(TaskError):
    """The weights are neither in the cache nor to be fetched."""

    code = "model_unavailable"
    title = "Model unavailable"
    retryable = False


class EngineFailed(TaskError):
    """The engine raised an unexpected error."""

    code = "engine_failed"
    title = "Engine failed"


class EngineRefused(TaskError):
    """The transcription server of ENGINE=remote, or a model, refuses a window, and would refuse it again."""

    code = "engine_refused"
    title = "Engine refused"
    retryable = False


class OutOfDeviceMemory(EngineFailed):
    """The engine found too little memory, however few windows at a time it was given."""

    code = "out_of_memory"
    title = "Out of memory"


class DeviceLost(EngineFailed):
    """Every call on the GPU fails, for as long as the engine process lives."""

    code = "device_lost"
    title = "GPU lost"


class ModelOutOfMemory(EngineFailed):
    """There was too little memory to load the model."""

    code = "model_out_of_memory"
    title = "Too little memory for the model"


class EngineCrashed(TaskError):
    """The engine process died while it held the task."""

    code = "engine_crashed"
    title = "Engine crashed"


class DeadlineExceeded(TaskError):
    """The engine did not finish the task in the time its length allows."""

    code = "deadline_exceeded"
    title = "Deadline exceeded"


class AttemptsExhausted(TaskError):
    """Every one of MAX_ATTEMPTS attempts ended with the worker gone."""

    code = "attempts_exhausted"
    title = "Attempts exhausted"
    retryable = False


class TaskCancelled(TaskError):
    """The task was cancelled by its owner."""

    code = "cancelled"
    title = "Cancelled"
    retryable = False


class FetchFailed(TaskError):
    """The other side cannot be reached or says that it is at fault; it may recover."""

    code = "fetch_failed"
    title = "Fetch failed"
    retryable = True


class FetchRefused(TaskError):
    """The other side answered, and asking again would give the same."""

    code = "fetch_refused"
    title = "Fetch refused"
    retryable = False


WORTH_ANOTHER_TRY = frozenset(
    error.code
    for error in (
        *(AudioMissing, RecordingUnreachable, ModelUnavailable, ModelOutOfMemory, EngineFailed),
        *(EngineRefused,),
        *(
            OutOfDeviceMemory,
            DeviceLost,
            EngineCrashed,
            DeadlineExceeded,
            AttemptsExhausted,
            FetchFailed,
            StorageFull,
        ),
    )
)
"""Codes of failures that an operator may mend and queue again: their recordings are kept."""
