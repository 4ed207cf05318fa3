"""The formats that a transcript can be had in."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

from pydantic_core import to_json

from app.formats.about import NOTHING, About
from app.formats.accept import quality_of, ranges_of
from app.formats.cues import cues_of
from app.formats.markdown import to_markdown
from app.formats.paragraphs import to_paragraphs
from app.formats.phrases import Phrase, phrases_of
from app.formats.rttm import to_rttm, turns_of
from app.formats.subtitles import to_srt, to_vtt
from app.formats.word_document import to_docx
from app.schemas.form import TranscriptFormat

_MEDIA_TYPES = {
    TranscriptFormat.JSON: "application/json",
    TranscriptFormat.TEXT: "text/plain",
    TranscriptFormat.SRT: "application/x-subrip",
    TranscriptFormat.VTT: "text/vtt",
    TranscriptFormat.TSV: "text/tab-separated-values",
    TranscriptFormat.RTTM: "text/x-rttm",
    TranscriptFormat.PARAGRAPHS: "text/plain",
    TranscriptFormat.MARKDOWN: "text/markdown",
    TranscriptFormat.DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def media_type(format: TranscriptFormat) -> str:
    """The media type of a format, without parameters."""
    return _MEDIA_TYPES[format]


@lru_cache(maxsize=256)
def of_media_types(accept: str) -> TranscriptFormat | None:
    """The format that an HTTP Accept header prefers; None if it accepts none. An empty one accepts all."""
    ranges = ranges_of(accept.strip() or "*/*")
    qualities = {format: quality_of(name, ranges) for format, name in _MEDIA_TYPES.items()}
    best = max(TranscriptFormat, key=lambda format: qualities[format])
    return best if qualities[best] > 0 else None


def file_of(result: Mapping[str, Any], format: TranscriptFormat, about: About = NOTHING) -> bytes:
    """A stored result as a file of any format. Raises NoSpeakers as `render` does."""
    if format is TranscriptFormat.DOCX:
        return to_docx(result, about)
    return render(result, format, about).encode()


def render(result: Mapping[str, Any], format: TranscriptFormat, about: About = NOTHING) -> str:
    """A stored result, which may be a foreign worker's, in a format that is text.

    Raises NoSpeakers where turns are asked for, and it has none; ValueError for DOCX, which is no text.
    """
    match format:
        case TranscriptFormat.JSON:
            told = {"summary": about.summary, "summary_stale": about.summary_stale} if about.summary else {}
            return to_json({**result, **told}, inf_nan_mode="null").decode()
        case TranscriptFormat.TEXT:
            return _to_text(result)
        case TranscriptFormat.SRT:
            return to_srt(cues_of(result))
        case TranscriptFormat.VTT:
            return to_vtt(cues_of(result))
        case TranscriptFormat.TSV:
            return _to_tsv(result)
        case TranscriptFormat.RTTM:
            return to_rttm(turns_of(result))
        case TranscriptFormat.PARAGRAPHS:
            return to_paragraphs(result)
        case TranscriptFormat.MARKDOWN:
            return to_markdown(result, about)
        case TranscriptFormat.DOCX:
            raise ValueError("DOCX is no text; `file_of` makes it")


def _to_text(result: Mapping[str, Any]) -> str:
    text = result.get("text")
    phrases = phrases_of(result)
    if any(phrase.label for phrase in phrases):
        text = "\n".join(_turns(phrases))
    elif not isinstance(text, str):
        text = " ".join(phrase.text for phrase in phrases)
    return text.rstrip("\n") + "\n"


def _turns(phrases: Sequence[Phrase]) -> Iterator[str]:
    """A line for each turn of somebody who speaks."""
    for label, turn in groupby(phrases, key=lambda phrase: phrase.label):
        text = " ".join(phrase.text for phrase in turn)
        yield f"{label}: {text}" if label else text


def _to_tsv(result: Mapping[str, Any]) -> str:
    """Segments in whole milliseconds, as openai-whisper writes them; channels and speakers add a column."""
    file = io.StringIO()
    rows = csv.writer(file, csv.excel_tab, lineterminator="\n")
    phrases = phrases_of(result)
    added = [
        name
        for name in ("channel", "speaker")
        if any(getattr(phrase, name) is not None for phrase in phrases)
    ]
    rows.writerow(("start", "end", "text", *added))
    for phrase in phrases:
        known = (getattr(phrase, name) for name in added)
        rows.writerow((round(phrase.start * 1000), round(phrase.end * 1000), phrase.text, *known))
    return file.getvalue()
