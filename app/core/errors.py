"""The service's one error tree.

Every error that a client or an operator can meet is a class here: its `code` is what programs compare, its
`status` what HTTP answers, `retryable` whether the queue may try the task again.

    ServiceError
    ├── RequestError                 the request cannot be served as it was sent
    │   ├── MalformedUpload          the multipart body cannot be read
    │   ├── FileMissing              no part named `file`
    │   ├── EmptyUpload              the file has no bytes
    │   ├── UploadTooLarge           more than MAX_UPLOAD_MB
    │   ├── UploadStalled            no byte for too long
    │   ├── UnsupportedExtension     not in ALLOWED_EXTENSIONS
    │   ├── UnreadableAudio          no container that FFmpeg can open
    │   ├── NoAudio                  opens, but holds no audio stream or no sample
    │   ├── UnknownModel             no model of that name
    │   ├── InvalidParameter         a parameter outside its range
    │   ├── TaskNotFound             no task of that id, or its result has expired
    │   ├── NotFinished              the transcript is asked for before it is there
    │   ├── TranscriptionFailed      the transcript is asked for of a task that has none
    │   └── Unauthorized             no API key, or one that is not known
    ├── UnsafeRedis                  Redis is set up so that it may throw tasks away
    ├── CapacityError                nothing is wrong with the request; try later
    │   ├── QueueFull                MAX_QUEUE_LENGTH reached
    │   ├── StorageFull              free disk below MIN_FREE_DISK_MB
    │   ├── StorageUnavailable       UPLOAD_DIR cannot be written
    │   └── QueueUnavailable         Redis does not answer
    └── TaskError                    a task that was accepted cannot be finished
        ├── InvalidTask              queue element that is no task
        ├── AudioMissing             the uploaded file is gone
        ├── AudioUndecodable         decoding fails from the first sample on
        ├── ModelUnavailable         weights neither in the cache nor to be fetched
        ├── EngineFailed             the engine raised
        │   └── OutOfDeviceMemory    … for want of memory
        ├── EngineCrashed            the engine process died under the task
        ├── DeadlineExceeded         the engine did not finish in time
        ├── AttemptsExhausted        MAX_ATTEMPTS used up
        └── TaskCancelled            cancelled by its owner
"""

from typing import ClassVar


class ServiceError(Exception):
    """Base of all expected errors; `str(error)` is one sentence for the person who meets it."""

    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = True

    def __init__(self, detail: str, *, retry_after_seconds: int | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.retry_after_seconds = retry_after_seconds
        self.extra = extra


class RequestError(ServiceError):
    """The request cannot be served as it was sent; sending it again will not help."""

    code = "bad_request"
    title = "Bad request"
    status = 400
    retryable = False


class MalformedUpload(RequestError):
    """The multipart body cannot be read."""

    code = "malformed_upload"
    title = "Malformed upload"


class FileMissing(RequestError):
    """The form holds no part named `file`."""

    code = "file_missing"
    title = "No file in the request"
    status = 422


class EmptyUpload(RequestError):
    """The uploaded file has no bytes."""

    code = "empty_file"
    title = "Empty file"
    status = 422


class UploadTooLarge(RequestError):
    """The uploaded file exceeds MAX_UPLOAD_MB."""

    code = "upload_too_large"
    title = "Upload too large"
    status = 413


class UploadStalled(RequestError):
    """The client sent no byte of its upload for too long."""

    code = "upload_stalled"
    title = "Upload stalled"
    status = 408


class UnsupportedExtension(RequestError):
    """The file name's extension is not in ALLOWED_EXTENSIONS."""

    code = "unsupported_extension"
    title = "Unsupported file extension"
    status = 415


class UnreadableAudio(RequestError):
    """The content is no audio or video container that can be opened."""

    code = "unreadable_audio"
    title = "Unreadable audio"
    status = 422


class NoAudio(RequestError):
    """The container opens but holds no audio stream, or a stream without a sample."""

    code = "no_audio"
    title = "No audio in the file"
    status = 422


class UnknownModel(RequestError):
    """No model of that name is known or lies in the cache."""

    code = "unknown_model"
    title = "Unknown model"
    status = 422


class InvalidParameter(RequestError):
    """A parameter is outside its range."""

    code = "invalid_parameter"
    title = "Invalid parameter"
    status = 422


class TaskNotFound(RequestError):
    """No task has that id, or its result has expired."""

    code = "task_not_found"
    title = "Task not found"
    status = 404


class NotFinished(RequestError):
    """The transcript is asked for, and the task has not ended."""

    code = "not_finished"
    title = "Not finished"
    status = 409


class TranscriptionFailed(RequestError):
    """The transcript is asked for, and the task ended without one."""

    code = "transcription_failed"
    title = "Transcription failed"
    status = 409


class Unauthorized(RequestError):
    """The service asks for an API key; the request carries none, or one that is not known."""

    code = "unauthorized"
    title = "Unauthorized"
    status = 401


class UnsafeRedis(ServiceError):
    """Redis is set up so that it may throw tasks away; the service refuses to start."""

    code = "unsafe_redis"
    title = "Unsafe Redis"


class CapacityError(ServiceError):
    """Nothing is wrong with the request; the service cannot take it now."""

    code = "unavailable"
    title = "Service unavailable"
    status = 503


class QueueFull(CapacityError):
    """The queue holds MAX_QUEUE_LENGTH tasks."""

    code = "queue_full"
    title = "Queue full"
    status = 429


class StorageFull(CapacityError):
    """Free disk space is below MIN_FREE_DISK_MB."""

    code = "storage_full"
    title = "Insufficient storage"
    status = 507


class StorageUnavailable(CapacityError):
    """UPLOAD_DIR cannot be written."""

    code = "storage_unavailable"
    title = "Storage unavailable"


class QueueUnavailable(CapacityError):
    """Redis does not answer."""

    code = "queue_unavailable"
    title = "Queue unavailable"


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


class OutOfDeviceMemory(EngineFailed):
    """The engine found too little memory, however few windows at a time it was given."""

    code = "out_of_memory"
    title = "Out of memory"


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


WORTH_ANOTHER_TRY = frozenset(
    error.code
    for error in (
        *(ModelUnavailable, EngineFailed, OutOfDeviceMemory, EngineCrashed, DeadlineExceeded),
        AttemptsExhausted,
    )
)
"""Codes of failures that an operator may mend and queue again: their recordings are kept."""
