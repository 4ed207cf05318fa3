"""`python3 -m benchmark.suffix RECORDING… --out FILE`: fit a suffix for a model to the sound of recordings.

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

from app.core.startup import read_settings
from app.engines.faster_whisper.suffix import CLASS_STATES
from app.engines.frames import FULL_STATES
from app.weights.digest import digest_of
from app.weights.store import WeightStore
from benchmark.suffix.examples import Example, Examples, pieces, windows_of
from benchmark.suffix.fit import Loss, fit, mean_loss
from benchmark.suffix.losses import FeaturesLoss, StatesLoss
from benchmark.suffix.whisper_model import FrozenWhisper

KEPT_BACK = 5

FEATURE_FRAMES = 260
STATES = 25
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
    steps: Annotated[int, typer.Option(help="Steps for the encoder, and for the decoder.")] = 1500,
) -> None:
    """Fit a suffix, and name the weights that it belongs to."""
    settings = read_settings()
    store = WeightStore(settings.cache_dir, downloads=settings.model_downloads)
    frozen = FrozenWhisper(store.ensure_openai(model))
    examples = Examples(frozen)
    sounds = pieces(windows_of(recordings), count, np.random.default_rng(0))
    made = [examples.of(sound) for sound in sounds]
    features, states = _beginning(start, frozen.mels, examples.silence)
    features = _fitted("encoder", features, made, FeaturesLoss(frozen), steps)
    states = _fitted("decoder", states, made, StatesLoss(frozen, examples.silence), steps)
    np.savez_compressed(out, features=_halved(features), states=_halved(states))
    console.print(f"{out} is for {digest_of(store.ensure_ct2(model) / 'model.bin')}", soft_wrap=True)


def _beginning(start: Path | None, mels: int, silence: Tensor) -> tuple[Tensor, Tensor]:
    if start is None:
        classes = FULL_STATES // CLASS_STATES
        return torch.zeros(mels, FEATURE_FRAMES), silence[-STATES:].repeat(classes, 1, 1)
    with np.load(start) as arrays:
        features, states = (arrays[name].astype(np.float32) for name in ("features", "states"))
    return torch.from_numpy(features), torch.from_numpy(states)


def _halved(suffix: Tensor) -> NDArray[np.float16]:
    return suffix.numpy().astype(np.float16)


def _fitted(part: str, suffix: Tensor, examples: list[Example], loss: Loss, steps: int) -> Tensor:
    kept, used = examples[::KEPT_BACK], [each for n, each in enumerate(examples) if n % KEPT_BACK]
    before = mean_loss(suffix, kept, loss)
    suffix = fit(suffix, used, loss, steps, console.print)
    console.print(
        f"{part}: loss {before:.4f} before, {mean_loss(suffix, kept, loss):.4f} after", soft_wrap=True
    )
    return suffix


if __name__ == "__main__":
    app()
