"""What a document tells of its recording above the text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from langcodes import Language

from app.core.languages import LANGUAGES
from app.core.validation import number_within
from app.core.wording import clock
from app.formats.phrases import LATEST
from app.schemas.library import default_title
from app.schemas.task import LATEST_TIME

NO_TITLE = "Transcript"

STALE_SUMMARY = "The transcript was corrected after this summary was made."
"""What a document tells below such a summary, as the page does."""

_RIGHT_TO_LEFT = frozenset({"Arab", "Hebr", "Syrc", "Thaa"})


@dataclass(frozen=True, slots=True)
class About:
    """The recording's `filename`, as its client named it, when it came, in Unix time, and the title that
    people have given it; the `summary` of its transcript, empty where there is none, and whether people have
    corrected the transcript since (`summary_stale`)."""

    filename: str | None = None
    created_at: float | None = None
    given_title: str | None = None
    summary: str = ""
    summary_stale: bool = False

    @property
    def title(self) -> str:
        """What people call the recording: that, or the name of its file without its extension."""
        return self.given_title or default_title(self.filename) or NO_TITLE


NOTHING = About()


def facts_of(result: Mapping[str, Any], about: About) -> str:
    """Day (UTC), length and language in one line, as far as they are known: `2026-11-27 · 1:02:03 · Deutsch`.

    The language is called as it calls itself: who reads the transcript reads that.
    """
    day = None
    if number_within(about.created_at, 0, LATEST_TIME):
        day = datetime.fromtimestamp(about.created_at or 0, UTC).date().isoformat()
    seconds = number_within(result.get("duration"), 0, LATEST)
    language = language_of(result)
    told = (day, clock(seconds) if seconds else None, language and Language.get(language).autonym())
    return " · ".join(each for each in told if each)


def language_of(result: Mapping[str, Any]) -> str | None:
    """Whisper's code of the language; None where a foreign worker wrote something else."""
    language = result.get("language")
    return language if isinstance(language, str) and language in LANGUAGES else None


def is_right_to_left(result: Mapping[str, Any]) -> bool:
    """Whether the language is written from right to left."""
    language = language_of(result)
    return language is not None and Language.get(language).maximize().script in _RIGHT_TO_LEFT
