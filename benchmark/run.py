"""`python3 -m benchmark.run`: how right and how fast models and engines are on your own recordings."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.core.config import Settings
from app.core.startup import read_settings
from app.core.validation import RECORDING_EXTENSIONS
from benchmark.evaluation import Evaluation, evaluate
from benchmark.files import write_files
from benchmark.groups import Kind
from benchmark.journal import Journal
from benchmark.measure import ENGINES, Conditions, measure
from benchmark.plan import Hopeless, Plan, read_plan, variants_of
from benchmark.progress import run_progress
from benchmark.recordings import Recording, find_recordings
from benchmark.regression import Unreadable, regressions
from benchmark.report import comparisons_table, groups_table, problems_table, summary_table
from benchmark.results import Measurement, VariantScore
from benchmark.scoring import read_references, score
from benchmark.service import ServiceClient, ServiceUnreachable

WORSE = 3
"""Exit status of a run that is worse than the one it is compared with."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    models: Annotated[
        list[str] | None,
        typer.Option(
            "--model", help="Model; may be repeated. (Default: those in the cache, else DEFAULT_MODEL.)"
        ),
    ] = None,
    engines: Annotated[
        list[str] | None,
        typer.Option("--engine", help=f"{' or '.join(ENGINES)}; may be repeated. (Default: all installed.)"),
    ] = None,
    compute_types: Annotated[
        list[str] | None,
        typer.Option("--compute-type", help="int8, float32 …; may be repeated. (Default: COMPUTE_TYPE.)"),
    ] = None,
    beams: Annotated[
        list[int] | None,
        typer.Option("--beam-size", help="Beam; may be repeated. (Default: WHISPER_BEAM_SIZE.)"),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(help="TOML file with all of this; the command line wins.")
    ] = None,
    directory: Annotated[
        Path | None, typer.Option(envvar="BENCHMARK_DIR", help="Folder of all the folders below.")
    ] = None,
    audios: Annotated[Path | None, typer.Option(help="Recordings. (Default: DIRECTORY/audios.)")] = None,
    references: Annotated[
        Path | None, typer.Option(help="What is said in them. (Default: DIRECTORY/text-references.)")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Gets plots/ and results/. (Default: DIRECTORY.)")
    ] = None,
    limit: Annotated[int | None, typer.Option(help="Take only the first N recordings.")] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of all recordings, e.g. en or ru. (Default: detect it.)")
    ] = None,
    service: Annotated[
        str | None, typer.Option(help="Measure a running service at this URL, from POST to done.")
    ] = None,
    timeout_seconds: Annotated[
        float | None,
        typer.Option("--timeout", help="With --service: longest wait for a recording, s. (3600)"),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="results.json of an earlier run: status 3 if this one is worse beyond chance."),
    ] = None,
    compare_speed: Annotated[
        bool | None,
        typer.Option(
            "--compare-speed/--no-compare-speed",
            help="With --against: the speed, too (both on the same quiet machine).",
        ),
    ] = None,
    worse_by: Annotated[
        float | None, typer.Option(help="With --against: points of the WER that do not matter. (0)")
    ] = None,
    embed_mb: Annotated[
        float | None, typer.Option(help="MiB of recordings inside the report; the rest are links. (20)")
    ] = None,
    fresh: Annotated[
        bool | None, typer.Option("--fresh", help="Do not go on with an interrupted run.")
    ] = None,
) -> None:
    """Measure accuracy (WER, CER), speed and memory of models on the recordings in a folder.

    A run that was interrupted goes on where it was when the same command is given again.
    """
    arguments = {name: value for name, value in locals().items() if name != "plan"}
    try:
        worse = _run(read_plan(plan, arguments))
    except Hopeless as error:
        Console(stderr=True).print(
            str(error), style="bold red", soft_wrap=True, markup=False, highlight=False
        )
        raise typer.Exit(1) from None
    if worse:
        raise typer.Exit(WORSE)


def _run(plan: Plan) -> bool:
    """Measure and report; whether it is worse than an earlier run that it was to be compared with."""
    settings = read_settings()
    recordings = _recordings(plan, settings)
    texts, missing = read_references(recordings)
    with Journal(plan.output_folder / "results" / "unfinished.jsonl", fresh=plan.fresh) as journal:
        measurements = _measure(plan, settings, recordings, journal)
        subjects = {recording.name: recording.subject for recording in recordings}
        scores = [score(measurement, texts, plan.language, subjects) for measurement in measurements]
        evaluation = evaluate(recordings, scores, missing, plan.language)
        try:
            _report(plan, evaluation)
        except Hopeless:
            journal.remove()  # all were tried, and the next run shall try again
            raise
        journal.remove()
    return plan.against is not None and _is_worse(scores, plan, plan.against)


def _is_worse(scores: Sequence[VariantScore], plan: Plan, earlier: Path) -> bool:
    try:
        found = regressions(scores, earlier, speed=plan.compare_speed, worse_by=plan.worse_by)
    except Unreadable as error:
        raise Hopeless(str(error)) from error
    console = Console(stderr=True)
    for sentence in found:
        console.print(sentence, style="bold red", soft_wrap=True, markup=False, highlight=False)
    if not found:
        console.print(f"Not worse than {earlier}, as far as these recordings can tell.", soft_wrap=True)
    return bool(found)


def _recordings(plan: Plan, settings: Settings) -> list[Recording]:
    extensions = settings.allowed_extensions or RECORDING_EXTENSIONS
    found = find_recordings(plan.audio_folder, plan.reference_folder, extensions)
    if not found:
        raise Hopeless(
            f"There is no recording in {plan.audio_folder}: put audio files there, and what is said in each "
            f"as a .txt file of the same name into {plan.reference_folder}."
        )
    return found[: plan.limit]


def _measure(
    plan: Plan, settings: Settings, recordings: Sequence[Recording], journal: Journal
) -> list[Measurement]:
    if plan.service is not None:
        return list(_measure_service(plan, plan.service, recordings, journal))
    variants = variants_of(plan, settings)
    conditions = Conditions(settings, plan.language)
    with run_progress(len(variants) * len(recordings)) as progress:
        return [
            measure(variant, recordings, conditions, progress.row(variant.label, len(recordings)), journal)
            for variant in variants
        ]


def _measure_service(
    plan: Plan, url: str, recordings: Sequence[Recording], journal: Journal
) -> Iterator[Measurement]:
    if plan.engines or plan.beams or plan.compute_types:
        raise Hopeless(
            "--engine, --compute-type and --beam-size are settings of the service: "
            "leave them out with --service."
        )
    models: tuple[str | None, ...] = plan.models or (None,)
    with (
        ServiceClient(url, timeout_seconds=plan.timeout_seconds) as client,
        run_progress(len(models) * len(recordings)) as progress,
    ):
        try:
            client.check()
        except ServiceUnreachable as error:
            raise Hopeless(str(error)) from error
        for model in models:
            row = progress.row(model or "default model", len(recordings))
            yield client.measure(model, recordings, row, journal)


def _report(plan: Plan, evaluation: Evaluation) -> None:
    from benchmark.plots import write_plots  # matplotlib takes a second to load: only to draw something
    from benchmark.run_page import write_run_page

    _print(evaluation)
    if not any(score.files for score in evaluation.scores):
        raise Hopeless(
            "Nothing could be measured: not one recording was transcribed; see the problems above."
        )
    output = plan.output_folder
    plots = write_plots(output / "plots", evaluation.scores)
    page = write_run_page(output / "results" / "report.html", evaluation, plots, plan.embed_mb)
    written = [page, *write_files(output / "results", evaluation), *plots]
    Console().print("Written:", *(str(path) for path in written), sep="\n  ", soft_wrap=True, highlight=False)


def _print(evaluation: Evaluation) -> None:
    console = Console()
    console.print(summary_table(evaluation.scores))
    if evaluation.comparisons:
        console.print(comparisons_table(evaluation.comparisons))
    for kind in Kind:
        groups = [group for group in evaluation.groups if group.kind is kind]
        if groups:
            console.print(groups_table(kind, groups))
    if evaluation.problems:
        console.print(problems_table(evaluation.problems))


if __name__ == "__main__":
    app()
