"""`python3 -m benchmark.compare`: this service and other programs in turn, same recordings and weights.

Each pass runs in a process of its own, which has loaded its model and transcribed one short file before the
clock starts; rounds alternate, so that a machine that slows down slows all.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from app.core.startup import read_settings
from app.core.validation import RECORDING_EXTENSIONS
from benchmark.compare_page import write_compare_page
from benchmark.comparison import Contest, contest_table, judged
from benchmark.engine.compare import Entry, PassFailed, compare
from benchmark.engine.corpus import Clip, CorpusMissing, clips_of, read_corpus
from benchmark.engine.report import machine, write_plots
from benchmark.engine.rivals import missing_package
from benchmark.plan import HOME, Plan
from benchmark.recordings import find_recordings
from benchmark.report import comparisons_table, problems_table
from benchmark.results import Problem

NAMES = {
    "engine": "windows",
    "service": "service",
    "faster-whisper": "sequential",
    "faster-whisper-batched": "batched",
    "openai-whisper": "openai-whisper",
    "whisper.cpp": "whisper.cpp",
    "whisperx": "whisperx",
}
"""What the command calls a system, and the measuring process does."""

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    only: Annotated[
        list[str] | None,
        typer.Option("--with", help=f"{', '.join(NAMES)}; may be repeated. (Default: all installed.)"),
    ] = None,
    servers: Annotated[
        list[str] | None,
        typer.Option("--server", help="NAME=URL or NAME=URL,MODEL of an OpenAI-compatible API (…/v1)."),
    ] = None,
    model: Annotated[str, typer.Option(help="Model; the same weights for all.")] = "base",
    beam_size: Annotated[int, typer.Option(min=1, max=20, help="Beam size.")] = 5,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")] = 3,
    concurrency: Annotated[int, typer.Option(min=1, help="--server: requests at a time.")] = 4,
    corpus: Annotated[Path | None, typer.Option(help="Folder with a .txt beside each recording.")] = None,
    directory: Annotated[
        Path, typer.Option(envvar="BENCHMARK_DIR", help="Without --corpus: audios/ and text-references/.")
    ] = HOME,
    language: Annotated[str | None, typer.Option(help="Language by whose rules texts are judged.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first N recordings.")] = None,
    output: Annotated[Path | None, typer.Option(help="Gets plots/ and results/. (DIRECTORY)")] = None,
    embed_mb: Annotated[float, typer.Option(min=0, help="MiB of recordings inside the report.")] = 20,
) -> None:
    """Compare accuracy, speed and memory with other programs that run the same weights."""
    try:
        entries, lacking = _entries(only or list(NAMES), servers or (), beam_size, concurrency)
        clips, problems = _clips(corpus, directory, language)
        contest = _compare(entries, clips[:limit], model, rounds, [*lacking, *problems])
    except CorpusMissing as error:
        console.print(str(error), style="bold red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    _write(output or directory, contest, embed_mb)


def _entries(
    names: Sequence[str], servers: Sequence[str], beam_size: int, concurrency: int
) -> tuple[list[Entry], list[Problem]]:
    """Who takes part, and who cannot. Raises CorpusMissing where a name is wrong."""
    entries: list[Entry] = []
    lacking: list[Problem] = []
    for name in dict.fromkeys(names):
        if name not in NAMES:
            raise CorpusMissing(f"There is no system {name!r}; choose from: {', '.join(NAMES)}.")
        package = missing_package(NAMES[name])
        if package is None:
            entries.append(Entry(name, NAMES[name], beam_size=beam_size))
        else:
            lacking.append(Problem(name, f"Left out: {_how_to_have(package)}."))
    return entries + [_server(text, concurrency) for text in servers], lacking


def _how_to_have(package: str) -> str:
    if package == "whisperx":  # its pins would replace torch and others of this environment
        return "it wants an environment of its own, see README.md"
    return f"run pip install {package} to have it"


def _server(text: str, concurrency: int) -> Entry:
    name, _, rest = text.partition("=")
    url, _, model = rest.partition(",")
    if not url.startswith(("http://", "https://")):
        raise CorpusMissing(f"--server {text!r} is not of the form NAME=http://host:port/v1 or …,MODEL.")
    options: dict[str, Any] = {"url": url, "model": model, "concurrency": concurrency}
    return Entry(name, "server", options=options)


def _clips(corpus: Path | None, directory: Path, language: str | None) -> tuple[list[Clip], list[Problem]]:
    """Raises CorpusMissing."""
    if corpus is not None:
        return read_corpus(corpus, "."), []
    plan = Plan(directory=directory)
    recordings = find_recordings(plan.audio_folder, plan.reference_folder, RECORDING_EXTENSIONS)
    clips, problems = clips_of(recordings, language)
    if not clips:
        raise CorpusMissing(
            f"There is no recording with a reference in {plan.audio_folder}: put audio files there, and what "
            f"is said in each as a .txt file of the same name into {plan.reference_folder}."
        )
    return clips, problems


def _compare(
    entries: Sequence[Entry], clips: Sequence[Clip], model: str, rounds: int, problems: list[Problem]
) -> Contest:
    failed: list[Problem] = []
    standings = compare(
        entries,
        clips,
        model,
        read_settings(),
        rounds,
        console.print,
        lambda error: failed.append(Problem(*_words(error))),
    )
    return judged(model, clips, standings, [*problems, *failed])


def _words(error: PassFailed) -> tuple[str, str]:
    name, _, said = str(error).partition(": ")
    return name, f"Left out: {said}"


def _write(output: Path, contest: Contest, embed_mb: float) -> None:
    screen = Console()
    if contest.problems:
        screen.print(problems_table(("compare", problem) for problem in contest.problems))
    if not contest.standings:
        console.print("Nobody could be measured; see the problems above.", style="bold red")
        raise typer.Exit(1)
    screen.print(contest_table(contest))
    screen.print(comparisons_table(contest.comparisons))
    path = output / "results" / "compare.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    figures = {
        "machine": machine(),
        "model": contest.model,
        "standings": [standing.fields() for standing in contest.standings],
        "comparisons": [asdict(pair) | {"better": pair.better} for pair in contest.comparisons],
        "problems": [asdict(problem) for problem in contest.problems],
    }
    path.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", "utf-8")
    plots = write_plots(output / "plots", {"compare": contest.standings})
    page = write_compare_page(output / "results" / "compare.html", contest, plots, embed_mb)
    console.print("Written:", *(str(each) for each in (page, path, *plots)), sep="\n  ", soft_wrap=True)


if __name__ == "__main__":
    app()
