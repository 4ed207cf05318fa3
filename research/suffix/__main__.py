"""`python3 -m research.suffix RECORDING… --out FILE`: fit a suffix for a model to the sound of recordings.

Every fifth example is kept from the fit, to tell how far the suffix is from the full context.
"""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from app.asr.backends.faster_whisper.suffix import CLASS_STATES
from app.asr.frames import FULL_STATES
from app.core.startup import read_settings
from app.weights.digest import digest_of
from app.weights.store import WeightStore
from research.suffix.examples import Examples, pieces, windows_of
from research.suffix.fit import fit, mean_distance
from research.suffix.losses import Distance, FittedSuffix
from research.suffix.whisper_model import FrozenWhisper

KEPT_BACK = 5

FEATURE_FRAMES = 360
STATES = 60
"""Lengths of a suffix that begins from silence."""

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    recordings: Annotated[list[Path], typer.Argument(help="Speech of any kind; no transcripts are needed.")],
    out: Annotated[Path, typer.Option(help="File to write, .npz.")],
    model: Annotated[str, typer.Option(help="Model to fit to.")] = "base",
    start: Annotated[Path | None, typer.Option(help="Suffix to go on from; none: silence.")] = None,
    count: Annotated[int, typer.Option(help="Examples to make of the recordings.")] = 800,
    steps: Annotated[int, typer.Option(help="Steps of the fit, of eight examples each.")] = 1500,
) -> None:
    """Fit a suffix, and name the weights that it belongs to."""
    settings = read_settings()
    store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
    frozen = FrozenWhisper(store.ensure_openai(model))
    examples = Examples(frozen)
    sounds = pieces(windows_of(recordings), count, np.random.default_rng(0))
    made = [examples.of(sound) for sound in sounds]
    kept, used = made[::KEPT_BACK], [each for n, each in enumerate(made) if n % KEPT_BACK]
    distance = Distance(frozen, examples.silence)
    suffix = _beginning(start, frozen.mels, examples.silence)
    before = mean_distance(suffix, kept, distance)
    suffix = fit(suffix, used, distance, steps, console.print)
    after = mean_distance(suffix, kept, distance)
    console.print(f"distance {before:.4f} before, {after:.4f} after", soft_wrap=True)
    np.savez_compressed(out, features=_halved(suffix.features), states=_halved(suffix.states))
    console.print(f"{out} is for {digest_of(store.ensure_ct2(model) / 'model.bin')}", soft_wrap=True)


def _beginning(start: Path | None, mels: int, silence: Tensor) -> FittedSuffix:
    if start is None:
        classes = FULL_STATES // CLASS_STATES
        return FittedSuffix(torch.zeros(2, mels, FEATURE_FRAMES), silence[-STATES:].repeat(classes, 1, 1))
    with np.load(start) as arrays:
        features, states = (arrays[name].astype(np.float32) for name in ("features", "states"))
    return FittedSuffix(torch.from_numpy(features), torch.from_numpy(states))


def _halved(suffix: Tensor) -> NDArray[np.float16]:
    return suffix.numpy().astype(np.float16)


if __name__ == "__main__":
    app()
