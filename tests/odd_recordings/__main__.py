"""`python -m tests.odd_recordings [--folder FOLDER]`: exit status 1 where something is not as expected."""

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from app.weights.store import WeightStore
from tests.odd_recordings.case import Case, cases_of
from tests.odd_recordings.catalogue import made
from tests.odd_recordings.expectation import judge
from tests.odd_recordings.sending import Outcome, outcomes, service
from tests.support.processes import ROOT

PIPE_WIDTH = 200
"""Characters a line where the output is no terminal."""


def table_of(results: list[tuple[Case, Outcome]]) -> tuple[Table, int]:
    """The results for people, and how many are not as expected."""
    table = Table("case", "expected", "got", "verdict", show_lines=True)
    faults = 0
    for case, outcome in results:
        verdict = judge(case, outcome)
        faults += bool(verdict.broken)
        table.add_row(*map(escape, (case.title, case.expected or "–", described(outcome), str(verdict))))
    return table, faults


def described(outcome: Outcome) -> str:
    """Status, text, times, and what the result says of them."""
    if outcome.transcript is None:
        return f"{outcome.status}: {outcome.problem}"
    result = outcome.transcript
    source = result.source
    lines = [f"{outcome.status}, {result.language}, {result.duration:.2f} s"]
    if source and (source.tracks > 1 or source.channels > 1):
        lines[0] += f", tracks read {list(source.tracks_read)} of {source.tracks}, {source.channels} channels"
    for segment in result.segments:
        channel = "" if segment.channel is None else f" [{segment.channel}]"
        lines.append(f"{segment.start:.2f}–{segment.end:.2f}{channel}{segment.text}")
    return "\n".join([*lines, *(f"! {warning}" for warning in result.warnings)])


def main(
    folder: Annotated[
        Path | None, typer.Option(exists=True, file_okay=False, help="Recordings with a cases.tsv, or none.")
    ] = None,
) -> None:
    """Send recordings to a service of their own and print what came: those of this project, or a folder's."""
    WeightStore(ROOT / "_cache", downloads=True).ensure_ct2("base")
    with tempfile.TemporaryDirectory(prefix="odd") as place:
        cases = cases_of(folder) if folder else made(Path(place))
        with service(Path(place) / "service", ROOT / "_cache") as url:
            results = list(track(outcomes(url, cases), "Sent", len(cases), console=Console(stderr=True)))
        table, faults = table_of(results)
    Console(width=None if sys.stdout.isatty() else PIPE_WIDTH).print(table)
    typer.echo(f"{len(results)} cases, {faults} not as expected")
    raise typer.Exit(1 if faults else 0)


if __name__ == "__main__":
    typer.run(main)
