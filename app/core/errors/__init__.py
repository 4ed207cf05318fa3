"""The service's one error tree.

Every error that a client or an operator can meet is a class here: its `code` is what programs compare, its
`status` what HTTP answers, `retryable` whether the queue may try the task again.

    ServiceError
    ├── RequestError                 the request cannot be served as it was sent
    │   ├── MalformedUpload          the multipart body cannot be read
    │   ├── AmbiguousLength          Content-Length and Transfer-Encoding
    │   ├── UnknownHost              a name that this service does not answer to
    │   ├── CrossSite                a change that a page elsewhere asks for
    │   ├── FileMissing              no part named `file`
    │   ├── EmptyUpload              the file has no bytes
    │   ├── UploadTooLarge           more than MAX_UPLOAD_MB
    │   ├── UploadStalled            no byte for too long
    │   ├── UploadNotFound           no resumable upload of that id
    │   ├── OffsetConflict           bytes that do not follow those that are here
    │   ├── UploadIncomplete         to be transcribed before all of it is here
    │   ├── UploadTaken              has become a task
    │   ├── DirectUploadsOff         recordings do not lie in a bucket
    │   ├── UnsupportedProtocol      another version of tus
    │   ├── UnsupportedMediaType     a body of another type
    │   ├── UnsupportedExtension     not in ALLOWED_EXTENSIONS
    │   ├── UnreadableAudio          no container that FFmpeg can open
    │   ├── NoAudio                  opens, but holds no audio stream or no sample
    │   ├── RecordingTooLong         more than MAX_DURATION_SECONDS
    │   ├── RecordingExceedsLimit    more than a whole quota, or UPLOAD_LIMIT
    │   ├── UnknownModel             no model of that name
    │   ├── InvalidParameter         a parameter outside its range
    │   ├── UnknownParameter         no parameter of that name
    │   ├── TaskNotFound             no task of that id, or its result has expired
    │   ├── NotFinished              the transcript is asked for before it is there
    │   ├── TranscriptionFailed      the transcript is asked for of a task that has none
    │   ├── NoSpeakers               turns are asked for of a transcript that has none
    │   ├── RecordingGone            the recording is no longer kept
    │   ├── ArchiveOff               there is no archive here
    │   ├── NotArchived              a transcript that the archive does not take
    │   ├── SummaryOff               summaries are not made here
    │   ├── SummaryNotFound          no summary was asked for
    │   ├── ShareNotFound            no such link to a transcript, or no longer
    │   ├── CorrectionsConflict      corrections that were changed meanwhile
    │   ├── VersionMissing           a change without If-Match
    │   ├── Unauthorized             no API key, or one that is not known
    │   ├── Forbidden                a key that may not do this
    │   ├── CannotRetry              a task that cannot be queued anew
    │   ├── IdempotencyConflict      an Idempotency-Key that came with another request
    │   ├── RequestInProgress        an Idempotency-Key of a request that is still being accepted
    │   └── UnsafeAddress            an address that no request may go to
    ├── UnsafeRedis                  Redis is set up so that it may throw tasks away
    ├── CapacityError                nothing is wrong with the request; try later
    │   ├── QueueFull                MAX_QUEUE_LENGTH reached
    │   ├── RateLimited              more than RATE_LIMIT or UPLOAD_LIMIT
    │   ├── QuotaExceeded            more than KEY_QUOTAS lets the key have
    │   ├── StillTranscribing        longer than SYNC_WAIT_SECONDS
    │   ├── StorageFull              free disk below MIN_FREE_DISK_MB
    │   ├── StorageUnavailable       UPLOAD_DIR cannot be written, or the bucket does not answer
    │   │   ├── StorageMisconfigured … or does not exist, or does not admit the service
    │   │   └── ForeignFolder        the folder is another service's
    │   ├── UploadLocked             another request writes the same resumable upload
    │   ├── ArchiveUnavailable       the database of transcripts does not answer
    │   └── QueueUnavailable         Redis does not answer
    │       ├── QueueRefused         Redis refuses the login, TLS, or a command
    │       └── ClusterUnsupported   a node of Redis Cluster does not serve all keys
    ├── SummaryError                 an attempt to summarise a transcript failed
    │   ├── SummaryUnreachable       the chat server does not answer, or not now
    │   ├── SummaryUnreadable        … or makes no sense
    │   └── SummaryRefused           … or refuses the request
    └── TaskError                    a task that was accepted cannot be finished
        ├── InvalidTask              queue element that is no task
        ├── AudioMissing             the uploaded file is gone
        ├── RecordingUnreachable     the bucket does not give it now
        ├── AudioUndecodable         decoding fails from the first sample on
        ├── ModelUnavailable         weights neither in the cache nor to be fetched
        ├── EngineFailed             the engine raised
        │   ├── OutOfDeviceMemory    … for want of memory
        │   ├── DeviceLost           … since every call on the GPU fails
        │   └── ModelOutOfMemory     … while it loaded the model
        ├── EngineRefused            the remote transcription server refuses the window
        ├── EngineCrashed            the engine process died under the task
        ├── DeadlineExceeded         the engine did not finish in time
        ├── AttemptsExhausted        MAX_ATTEMPTS used up
        ├── FetchFailed              the recording's address does not answer
        ├── FetchRefused             … or answers that it has none
        └── TaskCancelled            cancelled by its owner
"""

from app.core.errors.base import ServiceError, UnsafeRedis
from app.core.errors.capacity import (
    ArchiveUnavailable,
    CapacityError,
    ClusterUnsupported,
    ForeignFolder,
    QueueFull,
    QueueRefused,
    QueueUnavailable,
    QuotaExceeded,
    RateLimited,
    StillTranscribing,
    StorageFull,
    StorageMisconfigured,
    StorageUnavailable,
    UploadLocked,
)
from app.core.errors.request import (
    AmbiguousLength,
    ArchiveOff,
    CannotRetry,
    CorrectionsConflict,
    CrossSite,
    Forbidden,
    IdempotencyConflict,
    InvalidParameter,
    NoSpeakers,
    NotArchived,
    NotFinished,
    RecordingGone,
    RequestError,
    RequestInProgress,
    ShareNotFound,
    SummaryNotFound,
    SummaryOff,
    TaskNotFound,
    TranscriptionFailed,
    Unauthorized,
    UnknownHost,
    UnknownModel,
    UnknownParameter,
    UnsafeAddress,
    UnsupportedMediaType,
    UnsupportedProtocol,
    VersionMissing,
)
from app.core.errors.summary import SummaryError, SummaryRefused, SummaryUnreachable, SummaryUnreadable
from app.core.errors.task import (
    WORTH_ANOTHER_TRY,
    AttemptsExhausted,
    AudioMissing,
    AudioUndecodable,
    DeadlineExceeded,
    DeviceLost,
    EngineCrashed,
    EngineFailed,
    EngineRefused,
    FetchFailed,
    FetchRefused,
    InvalidTask,
    ModelOutOfMemory,
    ModelUnavailable,
    OutOfDeviceMemory,
    RecordingUnreachable,
    TaskCancelled,
    TaskError,
)
from app.core.errors.upload import (
    DirectUploadsOff,
    EmptyUpload,
    FileMissing,
    MalformedUpload,
    NoAudio,
    OffsetConflict,
    RecordingExceedsLimit,
    RecordingTooLong,
    UnreadableAudio,
    UnsupportedExtension,
    UploadIncomplete,
    UploadNotFound,
    UploadStalled,
    UploadTaken,
    UploadTooLarge,
)

__all__ = [
    "WORTH_ANOTHER_TRY",
    "AmbiguousLength",
    "ArchiveOff",
    "ArchiveUnavailable",
    "AttemptsExhausted",
    "AudioMissing",
    "AudioUndecodable",
    "CannotRetry",
    "CapacityError",
    "ClusterUnsupported",
    "CorrectionsConflict",
    "CrossSite",
    "DeadlineExceeded",
    "DeviceLost",
    "DirectUploadsOff",
    "EmptyUpload",
    "EngineCrashed",
    "EngineFailed",
    "EngineRefused",
    "FetchFailed",
    "FetchRefused",
    "FileMissing",
    "Forbidden",
    "ForeignFolder",
    "IdempotencyConflict",
    "InvalidParameter",
    "InvalidTask",
    "MalformedUpload",
    "ModelOutOfMemory",
    "ModelUnavailable",
    "NoAudio",
    "NoSpeakers",
    "NotArchived",
    "NotFinished",
    "OffsetConflict",
    "OutOfDeviceMemory",
    "QueueFull",
    "QueueRefused",
    "QueueUnavailable",
    "QuotaExceeded",
    "RateLimited",
    "RecordingExceedsLimit",
    "RecordingGone",
    "RecordingTooLong",
    "RecordingUnreachable",
    "RequestError",
    "RequestInProgress",
    "ServiceError",
    "ShareNotFound",
    "StillTranscribing",
    "StorageFull",
    "StorageMisconfigured",
    "StorageUnavailable",
    "SummaryError",
    "SummaryNotFound",
    "SummaryOff",
    "SummaryRefused",
    "SummaryUnreachable",
    "SummaryUnreadable",
    "TaskCancelled",
    "TaskError",
    "TaskNotFound",
    "TranscriptionFailed",
    "Unauthorized",
    "UnknownHost",
    "UnknownModel",
    "UnknownParameter",
    "UnreadableAudio",
    "UnsafeAddress",
    "UnsafeRedis",
    "UnsupportedExtension",
    "UnsupportedMediaType",
    "UnsupportedProtocol",
    "UploadIncomplete",
    "UploadLocked",
    "UploadNotFound",
    "UploadStalled",
    "UploadTaken",
    "UploadTooLarge",
    "VersionMissing",
]
