"""The library: what people call their transcripts, and what they find in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.schemas.archived import ArchivedTask
from app.schemas.task import TaskSummary

LONGEST_TITLE, LONGEST_TAG, MOST_TAGS = 200, 50, 20
LONGEST_QUESTION = 200
"""Characters."""


_EXTENSION = re.compile(r"\.(3g[2p]|[A-Za-z][A-Za-z0-9]{0,4})$")
"""`Report 1.2` has none."""


def default_title(filename: str | None) -> str | None:
    """A file's name without its extension: the title of what was given none."""
    return _EXTENSION.sub("", " ".join((filename or "").split())) or None


def _plain(text: str) -> str:
    """One line: without control characters, and with one space where there was any white space."""
    text = " ".join(text.split())
    if any(category(char) in {"Cc", "Cs"} for char in text):
        raise ValueError("it must not hold control characters")
    return text


def _filled(text: str) -> str:
    if not text:
        raise ValueError("it must not be empty")
    return text


def _each_once(tags: tuple[str, ...]) -> tuple[str, ...]:
    """The first of those that differ in capitals alone."""
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.casefold(), tag)
    return tuple(first.values())


Title = Annotated[str, Field(max_length=LONGEST_TITLE), AfterValidator(_plain)]
Tag = Annotated[str, Field(max_length=LONGEST_TAG), AfterValidator(_plain), AfterValidator(_filled)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS), AfterValidator(_each_once)]


class Details(BaseModel):
    """What a transcript is called."""

    model_config = ConfigDict(frozen=True)

    title: str | None = Field(
        None, description="As people named it, else the file's name without its extension."
    )
    tags: tuple[str, ...] = ()


class DetailsChange(BaseModel):
    """New details; what is left out stays. An empty title or null brings the file's name back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title | None = None
    tags: Tags | None = None


@dataclass(frozen=True, slots=True)
class Indexable:
    """All that decides by which words a transcript is found; `corrections` empty: none."""

    task: ArchivedTask
    result: bytes
    corrections: bytes
    title: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Which transcripts are wanted: those with all `tokens` that fit all bounds, both ends included.

    Times of upload in ms since 1970, lengths in seconds; None: any.
    """

    tokens: frozenset[str] = frozenset()
    from_ms: int | None = None
    to_ms: int | None = None
    language: str | None = None
    min_duration: float | None = None
    max_duration: float | None = None


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A page of what is found: of `words`, the part of what is wanted that may have been said, moments are
    shown."""

    search: Search
    words: frozenset[str]
    limit: int
    cursor: str | None


class Piece(BaseModel):
    """A piece of a text; `found`: it is what was asked for."""

    model_config = ConfigDict(frozen=True)

    text: str
    found: bool


class Moment(BaseModel):
    """Where in a recording it is said."""

    model_config = ConfigDict(frozen=True)

    start: float | None = Field(description="Seconds from the start; null where no times are known.")
    segment: int | None = Field(description="Number of the segment, from 0; null where there are none.")
    speaker: str | None = Field(None, description="Id of who says it, where that is known.")
    pieces: tuple[Piece, ...] = Field(
        description="The segment's text, or of a long one the part in question, in pieces that follow each "
        "other."
    )


class Hit(BaseModel):
    """A transcript that was found."""

    model_config = ConfigDict(frozen=True)

    task_id: str
    title: str | None
    tags: tuple[str, ...]
    created_at: float = Field(description="Unix time of the upload.")
    filename: str | None
    duration: float | None = Field(description="Length of the recording in seconds.")
    language: str | None
    moments: tuple[Moment, ...] = Field(
        description="Where it is said, three at most; none where only title and labels were found."
    )


class Versions(BaseModel):
    """Transcripts of one recording."""

    model_config = ConfigDict(frozen=True)

    versions: tuple[TaskSummary, ...] = Field(description="Newest first; those that are archived.")


class SearchPage(BaseModel):
    """Some of what was found, newest first."""

    model_config = ConfigDict(frozen=True)

    hits: tuple[Hit, ...]
    next_cursor: str | None = Field(None, description="`cursor` of the page that follows; null: none does.")


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """An archived task and what it is called."""

    task: ArchivedTask
    title: str | None
    tags: tuple[str, ...]

    @property
    def details(self) -> Details:
        """With the default title."""
        return Details(title=self.title or default_title(self.task.filename), tags=self.tags)


def tags_text(tags: Sequence[str]) -> str | None:
    """As the archive stores them: lines, since no tag has one; None: none."""
    return "\n".join(tags) or None


def tags_of(text: str | None) -> tuple[str, ...]:
    """What `tags_text` has made of them."""
    return tuple(text.split("\n")) if text else ()
