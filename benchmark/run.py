"""`python3 -m benchmark.run`: how right and how fast models and engines are on your own recordings."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.core.config import Settings
from app.core.errors import UnknownModel
from app.core.startup import read_settings
from app.core.utils import RECORDING_EXTENSIONS
from app.weights.catalog import cached_models, resolve_model
from benchmark.measure import ENGINES, Conditions, installed_engines, measure
from benchmark.recordings import Recording, find_recordings
from benchmark.regression import Unreadable, regressions
from benchmark.report import problems_table, summary_table, write_files
from benchmark.results import Measurement, Problem, Variant, VariantScore
from benchmark.scoring import read_references, score
from benchmark.service import ServiceClient, ServiceUnreachable

HOME = Path(__file__).parent
WORSE = 3
"""Exit status of a run that is worse than the one it is compared with."""

OnDone = Callable[[str], None]

app = typer.Typer(add_completion=False)


class Hopeless(Exception):
    """Nothing can be measured; the message is one sentence for the user."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the command line asks for."""

    models: tuple[str, ...]
    engines: tuple[str, ...]
    audios: Path
    references: Path
    output: Path
    limit: int | None
    language: str | None
    beam_size: int | None
    service: str | None
    timeout_seconds: float
    against: Path | None
    compares_speed: bool


@app.command()
def main(
    model: Annotated[
        list[str] | None,
        typer.Option(help="Model; may be repeated. (Default: those in the cache, else DEFAULT_MODEL.)"),
    ] = None,
    engine: Annotated[
        list[str] | None,
        typer.Option(help=f"{' or '.join(ENGINES)}; may be repeated. (Default: all installed.)"),
    ] = None,
    directory: Annotated[
        Path, typer.Option(envvar="BENCHMARK_DIR", help="Folder of all the folders below.")
    ] = HOME,
    audios: Annotated[Path | None, typer.Option(help="Recordings. (Default: DIRECTORY/audios.)")] = None,
    references: Annotated[
        Path | None, typer.Option(help="What is said in them. (Default: DIRECTORY/text-references.)")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Gets plots/ and results/. (Default: DIRECTORY.)")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take only the first N recordings.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of all recordings, e.g. en or ru. (Default: detect it.)")
    ] = None,
    beam_size: Annotated[
        int | None, typer.Option(min=1, max=20, help="Beam size. (Default: WHISPER_BEAM_SIZE.)")
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Measure a running service at this URL, from POST to done.")
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="results.json of an earlier run: status 3 if this one is worse beyond chance."),
    ] = None,
    compare_speed: Annotated[
        bool,
        typer.Option(help="With --against: the speed, too (both on the same quiet machine)."),
    ] = True,
    timeout: Annotated[
        float, typer.Option(min=1, help="With --service: longest wait for a recording, s.")
    ] = 3600,
) -> None:
    """Measure accuracy (WER, CER), speed and memory of models on the recordings in a folder."""
    request = Request(
        models=tuple(model or ()),
        engines=tuple(engine or ()),
        audios=audios or directory / "audios",
        references=references or directory / "text-references",
        output=output or directory,
        limit=limit,
        language=language,
        beam_size=beam_size,
        service=service,
        timeout_seconds=timeout,
        against=against,
        compares_speed=compare_speed,
    )
    try:
        worse = _run(request)
    except Hopeless as error:
        Console(stderr=True).print(
            str(error), style="bold red", soft_wrap=True, markup=False, highlight=False
        )
        raise typer.Exit(1) from None
    if worse:
        raise typer.Exit(WORSE)


def _run(request: Request) -> bool:
    """Measure and report; whether it is worse than an earlier run that it was to be compared with."""
    settings = read_settings()
    recordings = _recordings(request, settings)
    texts, missing = read_references(recordings)
    measurements = _measure(request, settings, recordings)
    scores = [score(measurement, texts, request.language) for measurement in measurements]
    problems = [("reference", problem) for problem in missing] + [
        (measurement.variant.label, problem)
        for measurement in measurements
        for problem in measurement.problems
    ]
    _report(request.output, scores, problems)
    return request.against is not None and _is_worse(scores, request.against, request.compares_speed)


def _is_worse(scores: Sequence[VariantScore], earlier: Path, speed: bool) -> bool:
    try:
        found = regressions(scores, earlier, speed=speed)
    except Unreadable as error:
        raise Hopeless(str(error)) from error
    console = Console(stderr=True)
    for sentence in found:
        console.print(sentence, style="bold red", soft_wrap=True, markup=False, highlight=False)
    if not found:
        console.print(f"Not worse than {earlier}, as far as these recordings can tell.", soft_wrap=True)
    return bool(found)


def _recordings(request: Request, settings: Settings) -> list[Recording]:
    extensions = settings.allowed_extensions or RECORDING_EXTENSIONS
    found = find_recordings(request.audios, request.references, extensions)
    if not found:
        raise Hopeless(
            f"There is no recording in {request.audios}: put audio files there, and what is said in each as "
            f"a .txt file of the same name into {request.references}."
        )
    return found[: request.limit]


def _measure(request: Request, settings: Settings, recordings: Sequence[Recording]) -> list[Measurement]:
    if request.service is not None:
        return _measure_service(request, request.service, recordings)
    variants = _variants(request, settings)
    beam_size = request.beam_size or settings.whisper_beam_size
    conditions = Conditions(settings, beam_size, request.language)
    with _progress() as progress:
        return [
            measure(variant, recordings, conditions, _row(progress, variant.label, len(recordings)))
            for variant in variants
        ]


def _measure_service(request: Request, url: str, recordings: Sequence[Recording]) -> list[Measurement]:
    if request.engines or request.beam_size:
        raise Hopeless("--engine and --beam-size are settings of the service: leave them out with --service.")
    models: tuple[str | None, ...] = request.models or (None,)
    with ServiceClient(url, timeout_seconds=request.timeout_seconds) as client, _progress() as progress:
        try:
            client.check()
        except ServiceUnreachable as error:
            raise Hopeless(str(error)) from error
        return [
            client.measure(model, recordings, _row(progress, model or "default model", len(recordings)))
            for model in models
        ]


def _variants(request: Request, settings: Settings) -> list[Variant]:
    installed = installed_engines()
    engines = request.engines or tuple(installed)
    for engine in engines:
        if engine not in ENGINES:
            raise Hopeless(f"There is no engine {engine!r}; choose one of: {', '.join(ENGINES)}.")
        if engine not in installed:
            raise Hopeless(
                f"{engine} is not installed: run pip install -r requirements/{_requirements(engine)}."
            )
    if not engines:
        raise Hopeless("No engine is installed: run pip install -r requirements/worker.txt.")
    wanted = request.models or tuple(cached_models(settings.cache_dir)) or (settings.default_model,)
    try:
        models = dict.fromkeys(resolve_model(name, settings.cache_dir) for name in wanted)
    except UnknownModel as error:
        raise Hopeless(error.detail) from error
    return [Variant(model, engine) for model in models for engine in dict.fromkeys(engines)]


def _requirements(engine: str) -> str:
    return "worker.txt" if engine == "faster-whisper" else "openai-whisper.txt"


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TextColumn("{task.fields[last]}"), console=Console(stderr=True)) as progress:
        yield progress


def _row(progress: Progress, label: str, total: int) -> OnDone:
    row = progress.add_task(label, total=total, last="loading the model")
    return lambda name: progress.update(row, advance=1, last=name)


def _report(output: Path, scores: Sequence[VariantScore], problems: Sequence[tuple[str, Problem]]) -> None:
    from benchmark.plots import (
        write_plots,
    )  # matplotlib takes a second to load: only once there is something to draw

    console = Console()
    console.print(summary_table(scores))
    if problems:
        console.print(problems_table(problems))
    if not any(score.files for score in scores):
        raise Hopeless(
            "Nothing could be measured: not one recording was transcribed; see the problems above."
        )
    written = write_files(output / "results", scores, problems) + write_plots(output / "plots", scores)
    console.print("Written:", *(str(path) for path in written), sep="\n  ", soft_wrap=True, highlight=False)


if __name__ == "__main__":
    app()
