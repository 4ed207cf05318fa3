"""The request cannot be served as it was sent."""

from app.core.errors.base import ServiceError


class RequestError(ServiceError):
    """The request cannot be served as it was sent; sending it again will not help."""

    code = "bad_request"
    title = "Bad request"
    status = 400
    retryable = False


class AmbiguousLength(RequestError):
    """The request tells the length of its body in two ways."""

    code = "ambiguous_length"
    title = "Ambiguous length"


class UnknownHost(RequestError):
    """The request names a host that this service does not answer to (ALLOWED_HOSTS)."""

    code = "unknown_host"
    title = "Unknown host"
    status = 421


class CrossSite(RequestError):
    """A page of another site asks for a change, and is none of CORS_ORIGINS."""

    code = "cross_site"
    title = "Cross-site request"
    status = 403


class UnsupportedProtocol(RequestError):
    """The request names no version of the tus protocol that is spoken here."""

    code = "unsupported_protocol"
    title = "Unsupported protocol"
    status = 412


class UnsupportedMediaType(RequestError):
    """The body of the request is not of the type that belongs there."""

    code = "unsupported_media_type"
    title = "Unsupported media type"
    status = 415


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


class UnknownParameter(RequestError):
    """The request has a parameter or form field that this route does not know; it may be misspelt."""

    code = "unknown_parameter"
    title = "Unknown parameter"
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


class NoSpeakers(RequestError):
    """A form that tells speakers is asked for, and they were not told apart."""

    code = "no_speakers"
    title = "No speakers"
    status = 409


class RecordingGone(RequestError):
    """The recording of the task is no longer kept (KEEP_AUDIO)."""

    code = "recording_gone"
    title = "Recording gone"
    status = 404


class ArchiveOff(RequestError):
    """What is asked for needs the archive, and this service has none (ARCHIVE)."""

    code = "archive_off"
    title = "No archive"
    status = 404


class NotArchived(RequestError):
    """What is asked for is kept in the archive, which does not take this transcript (ARCHIVE_MAX_DAYS)."""

    code = "not_archived"
    title = "Not archived"
    status = 409


class SummaryOff(RequestError):
    """A summary is asked for, and this service makes none (SUMMARY_URL)."""

    code = "summary_off"
    title = "No summaries"
    status = 404


class SummaryNotFound(RequestError):
    """The summary is asked for of a transcript that nobody wanted to be summarised."""

    code = "summary_not_found"
    title = "No summary"
    status = 404


class ShareNotFound(RequestError):
    """The link of a shared transcript was revoked, has expired, or never was."""

    code = "share_not_found"
    title = "Link leads nowhere"
    status = 404


class CorrectionsConflict(RequestError):
    """The corrections were changed since they were read."""

    code = "corrections_conflict"
    title = "Corrections conflict"
    status = 412


class VersionMissing(RequestError):
    """A change does not say to which version it was made (If-Match)."""

    code = "version_missing"
    title = "Version missing"
    status = 428


class Unauthorized(RequestError):
    """The service asks for an API key; the request carries none, or one that is not known."""

    code = "unauthorized"
    title = "Unauthorized"
    status = 401


class Forbidden(RequestError):
    """The API key is known, and this is not for it."""

    code = "forbidden"
    title = "Forbidden"
    status = 403


class CannotRetry(RequestError):
    """The task cannot be queued anew: it waits, runs or is done, or its recording is gone."""

    code = "cannot_retry"
    title = "Cannot be tried again"
    status = 409


class IdempotencyConflict(RequestError):
    """The Idempotency-Key came before, with another recording or other options."""

    code = "idempotency_conflict"
    title = "Idempotency conflict"
    status = 422


class RequestInProgress(RequestError):
    """An earlier request with the same Idempotency-Key is still being accepted."""

    code = "request_in_progress"
    title = "Request in progress"
    status = 409


class UnsafeAddress(RequestError):
    """The address is none that this service may send a request to."""

    code = "unsafe_address"
    title = "Unsafe address"
    status = 422
