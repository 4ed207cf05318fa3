"""The fit: a suffix is changed until the model answers with it as it does in its full context."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch

from research.suffix.examples import Example
from research.suffix.losses import Distance, FittedSuffix

TOGETHER = 8
"""Examples per step."""

FEATURES_RATE = 0.05
STATES_RATE = 0.02
WARM_STEPS = 40
REPORT_STEPS = 50


def fit(
    suffix: FittedSuffix,
    examples: Sequence[Example],
    distance: Distance,
    steps: int,
    say: Callable[[str], None],
) -> FittedSuffix:
    """The suffix after so many steps of Adam, with rates that fall to nothing as half a cosine."""
    suffix = FittedSuffix(*(part.clone().requires_grad_(True) for part in (suffix.features, suffix.states)))
    optimiser = torch.optim.Adam(
        [
            {"params": [suffix.features], "lr": FEATURES_RATE},
            {"params": [suffix.states], "lr": STATES_RATE},
        ],
        betas=(0.9, 0.99),
    )
    rates = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _share_of_rate(step + 1, steps))
    random = np.random.default_rng(0)
    losses: list[float] = []
    for step in range(1, steps + 1):
        optimiser.zero_grad()
        for place in random.choice(len(examples), TOGETHER):
            lost = distance(suffix, examples[place])
            (lost / TOGETHER).backward()  # type: ignore[no-untyped-call]
            losses.append(lost.item())
        optimiser.step()
        rates.step()
        if step % REPORT_STEPS == 0:
            say(f"step {step} of {steps}: {np.mean(losses):.4f}")
            losses.clear()
    return FittedSuffix(suffix.features.detach(), suffix.states.detach())


def mean_distance(suffix: FittedSuffix, examples: Sequence[Example], distance: Distance) -> float:
    """How far the suffix is from the full context, on average over examples."""
    with torch.no_grad():
        return float(np.mean([distance(suffix, example).item() for example in examples]))


def _share_of_rate(step: int, steps: int) -> float:
    return min(1, step / WARM_STEPS) * (1 + math.cos(math.pi * step / steps)) / 2
