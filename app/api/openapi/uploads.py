"""What the docs tell of answers to recordings that are sent."""

from app.api.openapi.problems import ANY_PROBLEM, Responses, problems
from app.api.openapi.states import STATES
from app.core.errors import (
    DirectUploadsOff,
    EmptyUpload,
    FileMissing,
    IdempotencyConflict,
    InvalidParameter,
    MalformedUpload,
    NoAudio,
    OffsetConflict,
    QueueFull,
    QueueUnavailable,
    QuotaExceeded,
    RateLimited,
    RecordingExceedsLimit,
    RecordingTooLong,
    RequestInProgress,
    StorageFull,
    StorageUnavailable,
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
)

_EXCEEDING = (
    RecordingExceedsLimit,
    "The recording has 2000 MiB, and your key may send 1000 MiB a day; send it in parts.",
)

UPLOAD_RESPONSES: Responses = {
    202: {
        "description": "The recording is stored and queued; the Location header leads to its state.",
        "content": {"application/json": {"example": STATES["queued"]}},
    },
    **problems(
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

DIRECT_RESPONSES: Responses = {
    **problems(
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
    **problems(
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
