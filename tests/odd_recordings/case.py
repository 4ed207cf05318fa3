"""A recording, how it is sent, and what is expected of it."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

OCTETS = "application/octet-stream"

TABLE = "cases.tsv"
"""In a folder of recordings: file, name to send it under, query, expectation, separated by tabs."""


@dataclass(frozen=True, slots=True)
class Case:
    """`path` is sent under the name `sent_as`, or as the whole body where that is None.

    `expected` is written in the words that `expectation` knows; empty where nothing is known beforehand.
    """

    path: Path
    sent_as: str | None
    query: tuple[tuple[str, str], ...] = ()
    expected: str = ""
    content_type: str = OCTETS

    @property
    def title(self) -> str:
        """For people."""
        query = "&".join(f"{name}={value}" for name, value in self.query)
        sent = "the body" if self.sent_as is None else repr(self.sent_as)
        name = f"{self.path.name} as {sent}" if self.sent_as != self.path.name else self.path.name
        return f"{name} {query}".strip()


@dataclass(frozen=True, slots=True)
class Recipe:
    """A case whose recording `make` writes to a path of that name."""

    name: str
    make: Callable[[Path], object]
    expected: str
    query: tuple[tuple[str, str], ...] = ()
    sent_as: str = ""
    """Instead of under its own name."""
    is_body: bool = False
    """Sent without a form, and so without a name."""
    content_type: str = OCTETS

    def made(self, folder: Path) -> Case:
        """The case, with its recording in that folder."""
        path = folder / self.name
        self.make(path)
        sent_as = None if self.is_body else self.sent_as or self.name
        return Case(path, sent_as, self.query, self.expected, self.content_type)


def cases_of(folder: Path) -> list[Case]:
    """The cases that a folder's table lists, and all other files in it, of which nothing is expected."""
    rows = _rows(folder / TABLE)
    listed = [
        Case(folder / file, name, tuple(parse_qsl(query)), expected, _content_type(expected))
        for file, name, query, expected in rows
    ]
    known = {case.path.name for case in listed} | {TABLE}
    others = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in known)
    return listed + [Case(path, path.name) for path in others]


def _rows(table: Path) -> list[list[str]]:
    if not table.exists():
        return []
    with table.open(encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def _content_type(expected: str) -> str:
    """The one that is named behind `Content-Type`, up to the end of the bracket."""
    _, _, named = expected.partition("Content-Type ")
    return named.partition(")")[0] or OCTETS
