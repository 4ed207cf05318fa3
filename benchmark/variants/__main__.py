"""`python3 -m benchmark.variants [KIND …]`: variants of the clean recordings in a folder, beside them.

`sample1.wav` gives `sample1-loud.wav`, `sample1-noise10.wav` …, which the benchmark judges by the text of
`sample1` and shows as groups. What is a variant already is left alone.
"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from app.audio.decode import read_samples
from app.core.errors import ServiceError
from app.core.validation import RECORDING_EXTENSIONS
from benchmark.plan import HOME, Plan
from benchmark.recordings import Recording, find_recordings
from benchmark.variants.kinds import KINDS, Treatment, UnknownKind, kinds_help, read_treatment

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    kinds: Annotated[list[str] | None, typer.Argument(help=f"{kinds_help()}. (Default: all.)")] = None,
    directory: Annotated[
        Path, typer.Option(envvar="BENCHMARK_DIR", help="Folder of the folders below.")
    ] = HOME,
    audios: Annotated[
        Path | None, typer.Option(help="Recordings; gets the variants. (Default: DIRECTORY/audios.)")
    ] = None,
    references: Annotated[
        Path | None, typer.Option(help="What is said in them. (Default: DIRECTORY/text-references.)")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed gives other noise.")] = 0,
) -> None:
    """Make variants of clean recordings: louder, softer, in noise, over a telephone …"""
    plan = Plan(directory=directory, audios=audios, references=references)
    try:
        treatments = [read_treatment(text) for text in dict.fromkeys(kinds or KINDS)]
    except UnknownKind as error:
        raise _ended(str(error)) from None
    found = find_recordings(plan.audio_folder, plan.reference_folder, RECORDING_EXTENSIONS)
    clean = [recording for recording in found if recording.reference and not recording.variant]
    if not clean:
        raise _ended(
            f"There is no clean recording in {plan.audio_folder}: one whose text lies in "
            f"{plan.reference_folder} under the same name."
        )
    made = sum(
        _make(recording, treatments, plan.audio_folder, seed)
        for recording in track(clean, "Making variants", console=console)
    )
    console.print(f"Made {made} variants of {len(clean)} recordings in {plan.audio_folder}.")


def _make(recording: Recording, treatments: list[Treatment], folder: Path, seed: int) -> int:
    """How many were made; a recording that cannot be read is named."""
    try:
        samples, _ = read_samples(recording.audio)
    except ServiceError as error:
        console.print(f"{recording.name}: {error.detail}", style="red", markup=False)
        return 0
    for treatment in treatments:
        treatment.make(samples, recording.audio.stem, folder, seed)
    return len(treatments)


def _ended(sentence: str) -> typer.Exit:
    console.print(sentence, style="bold red", markup=False, highlight=False, soft_wrap=True)
    return typer.Exit(1)


if __name__ == "__main__":
    app()
