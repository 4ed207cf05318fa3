"""What the docs tell of answers about kept transcripts: corrections, search, links, summaries, exports."""

from app.api.openapi.problems import ANY_PROBLEM, AT_THE_TASK, INVALID, Responses, problems
from app.core.errors import (
    ArchiveOff,
    ArchiveUnavailable,
    CorrectionsConflict,
    InvalidParameter,
    NotArchived,
    NotFinished,
    QueueUnavailable,
    RecordingGone,
    ShareNotFound,
    SummaryNotFound,
    SummaryOff,
    TaskNotFound,
    TranscriptionFailed,
    Unauthorized,
    UploadTooLarge,
    VersionMissing,
)

CORRECTION_RESPONSES: Responses = {
    **AT_THE_TASK,
    **problems(
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
    **AT_THE_TASK,
    **problems(
        (ArchiveOff, "The library is the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to name yet; the task is processing."),
        (InvalidParameter, "`title` is wrong: String should have at most 200 characters."),
    ),
    **ANY_PROBLEM,
}

SEARCH_RESPONSES: Responses = {
    **problems(
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
    **AT_THE_TASK,
    **problems(
        (TaskNotFound, "No task has this id."),
        (ShareNotFound, "This link leads nowhere: it was revoked, has expired, or never was."),
        (ArchiveOff, "Links are kept in the archive, and this service has none (ARCHIVE=false)."),
        (NotFinished, "There is no transcript to share; the task is processing."),
        (InvalidParameter, "The link is wrong at `expires_in_seconds`: Input should be a valid integer."),
    ),
    **ANY_PROBLEM,
}

SUMMARY_RESPONSES: Responses = {
    **AT_THE_TASK,
    **problems(
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
    **problems(
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
    **problems(
        (ShareNotFound, "This link leads nowhere: it was revoked, has expired, or never was."),
        (RecordingGone, "The recording is not kept: it was removed after its task had ended."),
    ),
}

EXPORT_RESPONSES: Responses = {
    200: {"description": "The ZIP file.", "content": {"application/zip": {}}},
    **AT_THE_TASK,
    **problems(
        (NotFinished, "The transcript is not there yet; the task is processing."),
        (TranscriptionFailed, "The task failed: it has no transcript."),
        (InvalidParameter, "The export is wrong at `formats.0`: Input should be 'json', 'text', …"),
        (UploadTooLarge, "The request is longer than the largest file that this server takes."),
    ),
    **ANY_PROBLEM,
}
