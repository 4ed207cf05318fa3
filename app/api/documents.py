"""Transcripts as files in answers, named after their recordings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.responses import FileResponse, Response

from app.api.disposition import disposition_of
from app.formats.about import About
from app.formats.formats import file_of, media_type
from app.formats.names import safe_stem
from app.schemas.form import TranscriptFormat
from app.schemas.task import Task


def about_of(task: Task | None) -> About:
    """What is known of a task's recording; nothing where only its result is."""
    return About(task.filename, task.created_at) if task else About()


def document_of(result: Mapping[str, Any], wanted: TranscriptFormat, task: Task | None) -> Response:
    """The transcript in a format. Raises NoSpeakers."""
    about = about_of(task)
    name = f"{safe_stem(about.title)}.{wanted.extension}"
    headers = {"Vary": "Accept", "Content-Disposition": disposition_of(name, is_shown=wanted.is_text)}
    return Response(file_of(result, wanted, about), media_type=media_type(wanted), headers=headers)


def recording_of(path: Path, caching: str) -> FileResponse:
    """The recording, which may be of any kind: nothing in it runs."""
    headers = {"Cache-Control": caching, "Content-Security-Policy": "sandbox; default-src 'none'"}
    return FileResponse(path, headers=headers, content_disposition_type="inline")
