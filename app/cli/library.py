"""`transcriber search`: what was said, and where."""

import sys
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from app.cli.connection import asking
from app.client import Client, Hit, Moment, SearchOptions
from app.core.wording import clock

FOUND = "bold yellow"


def search(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="Words, in any form; none: all transcripts.")] = "",
    tag: Annotated[str | None, typer.Option(help="Only with this tag.")] = None,
    speaker: Annotated[str | None, typer.Option(help="Only where this one speaks, by name or id.")] = None,
    begin: Annotated[
        str | None, typer.Option("--from", help="Sent on this day or later, such as 2026-05-01.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Sent on this day or earlier.")] = None,
    language: Annotated[str | None, typer.Option(help="Only in this language, such as ru or German.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Newest transcripts to show.")] = 10,
) -> None:
    """Find archived transcripts by what is said in them.

    Where no terminal reads them, each moment is a line with tabs: task, seconds, title, text.
    """
    options = SearchOptions(tag=tag, speaker=speaker, from_=begin, to=end, language=language)
    with asking(context) as client:
        hits = list(_newest(client, question, limit, options))
    if sys.stdout.isatty():
        console = Console()
        for hit in hits:
            console.print(*_shown(hit), sep="\n", highlight=False)
        return
    for hit in hits:
        for row in _rows(hit):
            typer.echo("\t".join(row))


def _newest(client: Client, question: str, limit: int, options: SearchOptions) -> Iterator[Hit]:
    for page in client.search(question, min(limit, 50), **options):
        yield from page.hits[:limit]
        limit -= len(page.hits)
        if limit <= 0:
            return


def _shown(hit: Hit) -> Iterator[Text]:
    """For people: what is found stands out."""
    created = datetime.fromtimestamp(hit.created_at)
    title = _line(hit.title or "")
    yield Text.assemble((title, "bold"), f"  {created:%Y-%m-%d %H:%M}  {hit.task_id}")
    for moment in hit.moments:
        at = f"{clock(moment.start)}  " if moment.start is not None else ""
        pieces = [(_line(piece.text), FOUND if piece.found else "") for piece in moment.pieces]
        yield Text.assemble(f"  {at}", *pieces)


def _rows(hit: Hit) -> Iterator[tuple[str, ...]]:
    """For programs."""
    title = _line(hit.title or "").strip()
    for moment in hit.moments:
        start = "" if moment.start is None else f"{moment.start:.3f}"
        yield hit.task_id, start, title, _text(moment)
    if not hit.moments:
        yield hit.task_id, "", title, ""


def _text(moment: Moment) -> str:
    return _line("".join(piece.text for piece in moment.pieces)).strip()


def _line(text: str) -> str:
    """Without what would begin a new line or steer the terminal; spaces at the ends stay."""
    return "".join(char if char.isprintable() else " " for char in text)
