"""`python3 -m benchmark.corpora [NAME]`: known test sets, made ready for the benchmark.

Fetched once and checked. The benchmark judges them as the Open ASR leaderboard does: English by Whisper's own
normaliser, references that say nothing left out; so rates can be set beside its tables. (Other languages: the
leaderboard's basic normaliser, and ё is е.)
"""

import shutil
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from benchmark.corpora.catalog import CORPORA, CorpusUnavailable, corpus_named
from benchmark.corpora.fetching import utterances
from benchmark.corpora.reading import IGNORED, Utterance

FOLDER = Path("_data") / "corpora"

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    name: Annotated[str | None, typer.Argument(help="Corpus; none: list them.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first N recordings.")] = None,
    folder: Annotated[Path, typer.Option(help="Gets a folder for each corpus.")] = FOLDER,
) -> None:
    """Fetch a known corpus for the benchmark, or list them."""
    if name is None:
        Console().print(_listed())
        return
    target = folder / name
    try:
        corpus = corpus_named(name)
        found = utterances(corpus, target / "fetched")
        count = write(islice(_judged(found), limit), target)
    except CorpusUnavailable as error:
        console.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(f"{count} recordings of {name} lie in {target}. Now:", soft_wrap=True, highlight=False)
    command = f"  python3 -m benchmark.run --directory {target} --language {corpus.language}"
    console.print(command, soft_wrap=True, highlight=False)


def write(found: Iterable[Utterance], target: Path) -> int:
    """Recordings and texts in the folders of the benchmark, in place of earlier ones; how many."""
    audios, texts = (target / part for part in ("audios", "text-references"))
    for part in (audios, texts):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
    count = 0
    for each in found:
        (audios / f"{each.name}{each.suffix}").write_bytes(each.audio)
        (texts / f"{each.name}.txt").write_text(each.text.strip() + "\n", "utf-8")
        count += 1
    return count


def _judged(found: Iterable[Utterance]) -> Iterable[Utterance]:
    return (each for each in found if each.text.strip().lower() not in IGNORED)


def _listed() -> Table:
    table = Table(title="Corpora", box=box.HORIZONTALS)
    for heading in ("Name", "Language", "What", "Licence"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "Name")
    for name, corpus in CORPORA.items():
        table.add_row(name, corpus.language, corpus.what, corpus.licence)
    return table


if __name__ == "__main__":
    app()
