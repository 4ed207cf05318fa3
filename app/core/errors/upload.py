"""A recording cannot be taken as it was sent."""

from app.core.errors.request import RequestError


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


class UploadNotFound(RequestError):
    """No resumable upload has that id, or it has expired."""

    code = "upload_not_found"
    title = "Upload not found"
    status = 404


class OffsetConflict(RequestError):
    """The bytes that were sent do not follow those that are here."""

    code = "offset_conflict"
    title = "Offset conflict"
    status = 409


class UploadIncomplete(RequestError):
    """The upload is to be transcribed before all of its bytes are here."""

    code = "upload_incomplete"
    title = "Upload incomplete"
    status = 409


class DirectUploadsOff(RequestError):
    """Recordings are kept where no client can put them."""

    code = "direct_uploads_off"
    title = "No direct uploads"
    status = 409


class UploadTaken(RequestError):
    """The upload has become a task; no more bytes are taken."""

    code = "upload_taken"
    title = "Upload taken"
    status = 409


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


class RecordingTooLong(RequestError):
    """The recording lasts longer than MAX_DURATION_SECONDS."""

    code = "recording_too_long"
    title = "Recording too long"
    status = 413


class RecordingExceedsLimit(RequestError):
    """The recording is larger than a whole quota (KEY_QUOTAS) or UPLOAD_LIMIT: waiting does not help."""

    code = "recording_exceeds_limit"
    title = "Recording larger than a limit"
    status = 413
