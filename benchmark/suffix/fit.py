"""The fit: a suffix is changed until the model answers with it as it does in its full context."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from benchmark.suffix.examples import Example

TOGETHER = 8
"""Examples per step."""

RATE = 0.04
WARM_STEPS = 20
REPORT_STEPS = 50

Loss = Callable[[Tensor, Example], Tensor]


def fit(
    suffix: Tensor, examples: Sequence[Example], loss: Loss, steps: int, say: Callable[[str], None]
) -> Tensor:
    """The suffix after so many steps of Adam, with a rate that falls to nothing as half a cosine."""
    suffix = suffix.clone().requires_grad_(True)
    optimiser = torch.optim.Adam([suffix], lr=RATE, betas=(0.9, 0.99))
    random = np.random.default_rng(0)
    losses: list[float] = []
    for step in range(1, steps + 1):
        falling = (1 + math.cos(math.pi * step / steps)) / 2
        optimiser.param_groups[0]["lr"] = RATE * min(1, step / WARM_STEPS) * falling
        optimiser.zero_grad()
        for place in random.choice(len(examples), TOGETHER):
            lost = loss(suffix, examples[place])
            (lost / TOGETHER).backward()  # type: ignore[no-untyped-call]
            losses.append(lost.item())
        optimiser.step()
        if step % REPORT_STEPS == 0:
            say(f"step {step} of {steps}: {np.mean(losses):.4f}")
            losses.clear()
    return suffix.detach()


def mean_loss(suffix: Tensor, examples: Sequence[Example], loss: Loss) -> float:
    """How far the suffix is from the full context, on average over examples."""
    with torch.no_grad():
        return float(np.mean([loss(suffix, example).item() for example in examples]))
