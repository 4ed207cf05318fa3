"""Transcripts as files in answers, named after their recordings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from app.api.disposition import content_disposition
from app.formats.about import About
from app.formats.formats import file_of, media_type
from app.formats.names import safe_stem
from app.queue.reader import TaskRecord
from app.schemas.form import TranscriptFormat


def about_of(record: TaskRecord) -> About:
    """What is known of a task's recording; of its file nothing where only its result is."""
    task, title, summary = record.task, record.state.title, record.state.summary
    about = About(given_title=title)
    if summary is not None and summary.text:
        about = replace(about, summary=summary.text, summary_stale=summary.stale)
    return about if task is None else replace(about, filename=task.filename, created_at=task.created_at)


def document_of(result: Mapping[str, Any], wanted: TranscriptFormat, record: TaskRecord) -> Response:
    """The transcript of a task in a format. Raises NoSpeakers."""
    about = about_of(record)
    name = f"{safe_stem(about.title)}.{wanted.extension}"
    headers = {"Vary": "Accept", "Content-Disposition": content_disposition(name, is_shown=wanted.is_text)}
    return Response(file_of(result, wanted, about), media_type=media_type(wanted), headers=headers)
