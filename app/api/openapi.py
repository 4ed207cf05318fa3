"""What the docs tell of requests and answers beyond what FastAPI reads from the code."""

from typing import Any

from app.api.problems import MEDIA_TYPE, Problem
from app.core.errors import (
    ArchiveOff,
    ArchiveUnavailable,
    CannotRetry,
    CorrectionsConflict,
    DirectUploadsOff,
    EmptyUpload,
    FileMissing,
    Forbidden,
    IdempotencyConflict,
    InvalidParameter,
    MalformedUpload,
    NoAudio,
    NotArchived,
    NotFinished,
    OffsetConflict,
    QueueFull,
    QueueUnavailable,
    QuotaExceeded,
    RateLimited,
    RecordingExceedsLimit,
    RecordingGone,
    RecordingTooLong,
    RequestInProgress,
    ServiceError,
    ShareNotFound,
    StorageFull,
    StorageUnavailable,
    SummaryNotFound,
    SummaryOff,
    TaskNotFound,
    TranscriptionFailed,
    Unauthorized,
    UnknownModel,
    UnknownParameter,
    UnreadableAudio,
    UnsafeAddress,
    UnsupportedExtension,
    UnsupportedMediaType,
    UnsupportedProtocol,
    UploadIncomplete,
    UploadLocked,
    UploadNotFound,
    UploadStalled,
    UploadTaken,
    UploadTooLarge,
    VersionMissing,
)

Responses = dict[int | str, dict[str, Any]]

_PROBLEM = Problem.model_json_schema()

ANY_PROBLEM: Responses = {
    "default": {"description": "Any other error.", "content": {MEDIA_TYPE: {"schema": _PROBLEM}}}
}

_TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"

_STATES = {
    "queued": {"task_id": _TASK_ID, "status": "queued"},
    "processing": {
        "task_id": _TASK_ID,
        "status": "processing",
        "progress": 0.42,
        "processed_seconds": 504.2,
        "eta_seconds": 58.0,
        "text": "The weather is nice today. We will walk",
    },
    "done": {
        "task_id": _TASK_ID,
        "status": "done",
        "result": {
            "text": "The weather is nice today.",
            "language": "en",
            "language_probability": 0.98,
            "duration": 2.1,
            "segments": [{"id": 0, "start": 0.0, "end": 2.1, "text": "The weather is nice today."}],
            "model": "base",
            "engine": "faster-whisper",
            "compute_type": "int8",
            "device": "cpu",
            "processing_seconds": 0.9,
            "trimmed": False,
            "warnings": [],
            "quality": {"windows": 1, "retried": 0, "noise": 0, "low_confidence": [], "uncovered": []},
            "provenance": {
                "encoder_context": "short",
                "encoder_padding": "suffix sha256:deaa0d9e8d9d175b",
                "model_digest": "sha256:d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
                "versions": {"faster-whisper": "1.2.1", "ctranslate2": "4.8.5"},
                "real_time_factor": 0.43,
                "attempts": 1,
                "windows_resumed": 0,
                "windows_lent": 0,
            },
        },
    },
    "error": {
        "task_id": _TASK_ID,
        "status": "error",
        "error": {
            "code": "audio_undecodable",
            "message": "The recording holds no sound: not one sample of it can be decoded.",
        },
    },
}


def _problems(*kinds: tuple[type[ServiceError], str]) -> Responses:
    """Documentation of errors, those of one HTTP status under one heading, each with an example."""
    responses: Responses = {}
    for kind, detail in kinds:
        response = responses.setdefault(
            kind.status,
            {"description": "", "content": {MEDIA_TYPE: {"schema": _PROBLEM, "examples": {}}}},
        )
        response["description"] += f"{'; ' if response['description'] else ''}`{kind.code}`: {kind.title}"
        response["content"][MEDIA_TYPE]["examples"][kind.code] = {
            "value": {
                "type": f"/problems/{kind.code}",
                "title": kind.title,
                "status": kind.status,
                "detail": detail,
                "instance": "/transcribe/",
                "code": kind.code,
            }
        }
    return responses


_EXCEEDING = (
    RecordingExceedsLimit,
    "The recording has 2000 MiB, and your key may send 1000 MiB a day; send it in parts.",
)

UPLOAD_RESPONSES: Responses = {
    202: {
        "description": "The recording is stored and queued; the Location header leads to its state.",
        "content": {"application/json": {"example": _STATES["queued"]}},
    },
    **_problems(
        (
            MalformedUpload,
            "The request is neither a form nor a recording; send the recording as multipart/form-data.",
        ),
        (UploadStalled, "No byte of the upload came for 60 seconds; send it again."),
        (UploadTooLarge, "The file is larger than the 2048 MiB that this server takes; send a smaller one."),
        (UnsupportedExtension, "The file name 'notes.txt' does not end in one of: mp3, wav."),
        (FileMissing, "The request holds no file; send the recording in the form field `file`."),
        (EmptyUpload, "The file is empty; send a recording."),
        (UnreadableAudio, "The file is no audio or video that can be opened."),
        (NoAudio, "The file has no sound: it holds no audio stream."),
        (
            RecordingTooLong,
            "The recording lasts 90000 s, more than the 86400 s that this server takes.",
        ),
        _EXCEEDING,
        (UnsafeAddress, "The address must begin with http:// or https://; nothing else is allowed."),
        (UploadNotFound, "There is no upload of this id; begin a new one."),
        (UploadIncomplete, "The upload has 1048576 of its 2097152 bytes; send the rest first."),
        (UploadLocked, "Another request is writing this upload; please try again in a moment."),
        (IdempotencyConflict, "This Idempotency-Key came before with another recording; use a new one."),
        (
            RequestInProgress,
            "An earlier request with this Idempotency-Key is still being accepted; send this one again in a "
            "moment.",
        ),
        (UnknownModel, "There is no model 'huge'; choose one of: tiny, base, small."),
        (InvalidParameter, "`trim` must be a number of seconds greater than 0; it was '-5'."),
        (UnknownParameter, "There is no parameter 'modle' here; the nearest is `model`."),
        (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
        (QuotaExceeded, "Your key may have 20 unfinished task(s), and has 20; wait until one has ended."),
        (RateLimited, "No more than 10 per 1 minute are taken from one client; please try again in 12 s."),
        (QueueFull, "The queue is full (10000 tasks wait); please try again later."),
        (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
        (StorageUnavailable, "The server cannot store uploads now; please try again later."),
        (StorageFull, "The server has too little free disk space; please try again later."),
    ),
    **ANY_PROBLEM,
}

_AT_THE_TASK: Responses = _problems(
    (TaskNotFound, "No task has this id."),
    (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
    (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
    (
        ArchiveUnavailable,
        "The archive of transcripts cannot be used at the moment; please try again in a moment.",
    ),
)

DIRECT_RESPONSES: Responses = {
    **_problems(
        (DirectUploadsOff, "This server does not keep recordings in a bucket that clients can write."),
        (InvalidParameter, "The upload is wrong at `length`: Field required."),
        (UnsupportedExtension, "The file name 'talk.txt' does not end in one of: mp3, wav."),
        (UploadTooLarge, "The file is larger than the 2048 MiB that this server takes; send a smaller one."),
        _EXCEEDING,
        (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
        (QuotaExceeded, "Your key may have 20 unfinished task(s), and has 20; wait until one has ended."),
        (RateLimited, "One client may send 500 mebibytes in 1 hour; please try again in 12 s."),
        (StorageUnavailable, "The server's storage does not answer; please try again later."),
    ),
    **ANY_PROBLEM,
}

RESUMABLE_RESPONSES: Responses = {
    **_problems(
        (UploadNotFound, "There is no upload of this id; begin a new one."),
        (
            UploadTaken,
            "The upload has become the task 0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55; begin a new one.",
        ),
        (OffsetConflict, "The upload has 1048576 bytes, and yours begin at 0; ask with HEAD where to go on."),
        (UploadLocked, "Another request is writing this upload; please try again in a moment."),
        (UploadTooLarge, "The upload is longer than the 2147483648 bytes that it may have."),
        _EXCEEDING,
        (UploadStalled, "No byte of the upload came for 60 seconds; send it again."),
        (UnsupportedProtocol, "The request has no header `Tus-Resumable`; send `Tus-Resumable: 1.0.0`."),
        (
            UnsupportedMediaType,
            "The body of this request must be of the type application/offset+octet-stream.",
        ),
        (InvalidParameter, "`Upload-Length` must be a number of bytes."),
        (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
        (QuotaExceeded, "Your key may have 20 unfinished task(s), and has 20; wait until one has ended."),
        (RateLimited, "One client may send 500 mebibytes in 1 hour; please try again in 12 s."),
        (StorageUnavailable, "The server cannot store uploads now; please try again later."),
        (StorageFull, "The server has too little free disk space; please try again later."),
    ),
    **ANY_PROBLEM,
}

INVALID: dict[str, Any] = _problems(
    (InvalidParameter, "The value of `query.limit` is wrong: Input should be less than or equal to 200."),
    (UnknownParameter, "There is no parameter 'formt' here; the nearest is `format`."),
)[422]

STATE_RESPONSES: Responses = {
    200: {
        "description": "What is known about the task.",
        "content": {
            "application/json": {"examples": {name: {"value": state} for name, state in _STATES.items()}}
        },
    },
    304: {"description": "Nothing has changed since the answer that If-None-Match names."},
    **_AT_THE_TASK,
    **_problems(
        (NotFinished, "The transcript is not there yet; the task is processing."),
        (TranscriptionFailed, "There is no transcript: The file holds no sound."),
    ),
    422: INVALID,
    **ANY_PROBLEM,
}

DELETE_RESPONSES: Responses = {
    204: {"description": "Nothing is left of the task."},
    **_AT_THE_TASK,
    **_problems(
        (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
        (StorageUnavailable, "The server cannot store uploads now; please try again later."),
    ),
    **ANY_PROBLEM,
}

CORRECTION_RESPONSES: Responses = {
    **_AT_THE_TASK,
    **_problems(
        (ArchiveOff, "Corrections are kept in the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to correct; the task is processing."),
        (NotArchived, "The archive does not take this transcript: it is older than ARCHIVE_MAX_DAYS, …"),
        (CorrectionsConflict, "The corrections were changed meanwhile: they are version 3, yours …"),
        (VersionMissing, 'Send the ETag that the corrections were read with as If-Match, such as "0".'),
        (InvalidParameter, "The corrections are wrong at `texts.x`: Input should be a valid integer."),
        (ArchiveUnavailable, "The archive of transcripts cannot be used at the moment."),
    ),
    **ANY_PROBLEM,
}

DETAILS_RESPONSES: Responses = {
    **_AT_THE_TASK,
    **_problems(
        (ArchiveOff, "The library is the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to name yet; the task is processing."),
        (InvalidParameter, "`title` is wrong: String should have at most 200 characters."),
    ),
    **ANY_PROBLEM,
}

SEARCH_RESPONSES: Responses = {
    **_problems(
        (ArchiveOff, "The library is the archive, and this service has none (ARCHIVE=false)."),
        (Unauthorized, "This service asks for an API key; send it as `Authorization: Bearer KEY`."),
        (
            ArchiveUnavailable,
            "The archive of transcripts cannot be used at the moment; please try again in a moment.",
        ),
    ),
    422: INVALID,
    **ANY_PROBLEM,
}

SHARE_RESPONSES: Responses = {
    **_AT_THE_TASK,
    **_problems(
        (TaskNotFound, "No task has this id."),
        (ShareNotFound, "This link leads nowhere: it was revoked, has expired, or never was."),
        (ArchiveOff, "Links are kept in the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to share; the task is processing."),
        (InvalidParameter, "The link is wrong at `expires_in_seconds`: Input should be a valid integer."),
    ),
    **ANY_PROBLEM,
}

FAILURE_RESPONSES: Responses = {
    **_problems(
        (ArchiveOff, "Failures are kept in the archive, and this service has none (ARCHIVE=false)."),
        (InvalidParameter, "`cursor` is none."),
        (ArchiveUnavailable, "The archive of transcripts cannot be used at the moment."),
    ),
    **ANY_PROBLEM,
}

SUMMARY_RESPONSES: Responses = {
    **_AT_THE_TASK,
    **_problems(
        (TaskNotFound, "There is no task of this id."),
        (SummaryNotFound, "No summary of this transcript was asked for."),
        (SummaryOff, "This service makes no summaries: its operator has set no SUMMARY_URL."),
        (ArchiveOff, "Summaries are kept in the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to summarise; the task is processing."),
        (ArchiveUnavailable, "The archive of transcripts cannot be used at the moment."),
    ),
    **ANY_PROBLEM,
}

SHARED_RESPONSES: Responses = {
    **_problems(
        (ShareNotFound, "This link leads nowhere: it was revoked, has expired, or never was."),
        (QueueUnavailable, "Redis did not answer in time; please try again in a moment."),
        (ArchiveUnavailable, "The archive of transcripts cannot be used at the moment."),
    ),
    **ANY_PROBLEM,
}

SHARED_AUDIO_RESPONSES: Responses = {
    200: {"description": "The recording.", "content": {"audio/*": {}, "video/*": {}}},
    206: {"description": "The range of it that was asked for."},
    **SHARED_RESPONSES,
    **_problems(
        (ShareNotFound, "This link leads nowhere: it was revoked, has expired, or never was."),
        (RecordingGone, "The recording is not kept: it was removed after its task had ended."),
    ),
}

EXPORT_RESPONSES: Responses = {
    200: {"description": "The ZIP file.", "content": {"application/zip": {}}},
    **_AT_THE_TASK,
    **_problems(
        (NotFinished, "The transcript is not there yet; the task is processing."),
        (TranscriptionFailed, "The task failed: it has no transcript."),
        (InvalidParameter, "The export is wrong at `formats.0`: Input should be 'json', 'text', …"),
        (UploadTooLarge, "The request is longer than the largest file that this server takes."),
    ),
    **ANY_PROBLEM,
}

AUDIO_RESPONSES: Responses = {
    200: {"description": "The recording.", "content": {"audio/*": {}, "video/*": {}}},
    206: {"description": "The range of it that was asked for."},
    **_AT_THE_TASK,
    **_problems((RecordingGone, "The recording is not kept: it was removed after its task had ended.")),
    **ANY_PROBLEM,
}

OPERATOR_RESPONSES: Responses = {
    **_problems(
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
    **_AT_THE_TASK,
    **_problems((CannotRetry, "The task cannot be queued anew: it is done.")),
    **ANY_PROBLEM,
}

EVENT_RESPONSES: Responses = {**_AT_THE_TASK, **ANY_PROBLEM}

ANY_OPENAI_ERROR: Responses = {
    "default": {
        "description": "Any error, in OpenAI's form.",
        "content": {
            "application/json": {
                "example": {
                    "error": {
                        "message": "There is no model 'huge'; choose one of: tiny, base, small.",
                        "type": "invalid_request_error",
                        "param": None,
                        "code": "model_not_found",
                    }
                }
            }
        },
    },
}

WAITED_RESPONSES: Responses = {
    200: {
        "description": "The transcript.",
        "content": {"application/json": {}, "text/plain": {"schema": {"type": "string"}}},
    },
    **ANY_PROBLEM,
}

OPENAI_RESPONSES: Responses = {
    200: {
        "description": "The transcript, in the format asked for.",
        "content": {
            "application/json": {"example": {"text": "The weather is nice today."}},
            "text/plain": {"schema": {"type": "string"}},
            "text/event-stream": {"schema": {"type": "string"}},
        },
    },
    202: UPLOAD_RESPONSES[202],
    **ANY_OPENAI_ERROR,
}
