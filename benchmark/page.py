"""A report as one HTML file that loads nothing: tables that sort, pictures, players, word differences."""

import base64
import mimetypes
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmark.alignment import Stretch

UNKNOWN = "–"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell shows, and what it is sorted by where that is not its text (empty: always last)."""

    text: str
    order: float | str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns whose numbers are in `texts` hold words, the others figures; the row `marked` stands out."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    texts: frozenset[int] = frozenset({0})
    marked: int | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """`source` is what an `img` shows."""

    title: str
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody made of a recording: differences from its reference, or the `text` where it has none."""

    label: str
    stretches: Sequence[Stretch]
    text: str = ""


@dataclass(frozen=True, slots=True)
class ClipView:
    """A recording, with what a player plays, and what was made of it; the `note` stands beside its title."""

    title: str
    source: str | None
    lines: Sequence[Line]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report; `verdicts` are the sentences for who reads no table, `settings` lines of `.env`.

    The `headline` stands above the verdicts: what to do.
    """

    title: str
    subtitle: str
    headline: str = ""
    verdicts: Sequence[str] = ()
    settings: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    clips: Sequence[ClipView] = ()
    clips_note: str = ""
    last_tables: Sequence[Table] = ()
    facts: Sequence[tuple[str, str]] = ()


def write_page(path: Path, page: Page) -> Path:
    """Write the file; returns its path."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(environment.get_template("report.html").render(page=page), encoding="utf-8")
    return path


def figure_cell(value: float | None, digits: int = 1, unit: str = "") -> Cell:
    """A figure, sorted by its value; unknown ones come last."""
    return Cell(UNKNOWN, "") if value is None else Cell(f"{value:.{digits}f}{unit}", value)


def without_unknown(table: Table) -> Table:
    """The table without the columns of which no row knows anything."""
    known = [
        place
        for place in range(len(table.headings))
        if not table.rows or any(row[place].text != UNKNOWN for row in table.rows)
    ]
    return replace(
        table,
        headings=[table.headings[place] for place in known],
        rows=[[row[place] for place in known] for row in table.rows],
        texts=frozenset(number for number, place in enumerate(known) if place in table.texts),
    )


def facts_of(figures: Mapping[str, object]) -> list[tuple[str, str]]:
    """Names and values of an environment, lists and versions in words."""
    return [(name, _in_words(value)) for name, value in figures.items()]


def _in_words(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def embedded(path: Path) -> str:
    """The file's content as an address."""
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def pictures(paths: Iterable[Path]) -> list[Picture]:
    """Drawn figures, embedded."""
    return [Picture(path.stem.replace("-", " "), embedded(path)) for path in paths]


def audio_sources(paths: Sequence[Path], page: Path, embed_mb: float) -> dict[Path, str]:
    """An address for each recording: those that `embed_mb` has room for are embedded, the rest linked."""
    left = embed_mb * 1024 * 1024
    found: dict[Path, str] = {}
    for path in paths:
        size = path.stat().st_size
        if size <= left:
            left -= size
            found[path] = embedded(path)
        else:
            found[path] = quote(Path(os.path.relpath(path, page.parent)).as_posix())
    return found
