"""How far a word error rate may be chance: 95 % intervals by the bootstrap over recordings.

Words of one recording are not independent of each other, so that whole recordings are drawn (Bisani and Ney
2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation").
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.results import Errors

DRAWS = 5000
PERCENTILES = (2.5, 97.5)
SEED = 0
"""The same figures always give the same interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a word error rate, or of the difference of two, as shares of the reference's words."""

    low: float
    high: float


def rate_interval(errors: Sequence[Errors]) -> Interval | None:
    """Of the word error rate of some recordings; None without words."""
    return difference_interval(errors, [Errors(each.reference, 0, 0, 0) for each in errors])


def difference_interval(first: Sequence[Errors], second: Sequence[Errors]) -> Interval | None:
    """Of the first rate minus the second one, on the same recordings; None without words."""
    words = np.array([each.reference for each in first])
    if not words.sum():
        return None
    edits = np.array([one.total - other.total for one, other in zip(first, second, strict=True)])
    drawn = np.random.default_rng(SEED).integers(len(words), size=(DRAWS, len(words)))
    totals = words[drawn].sum(axis=1)
    rates = edits[drawn].sum(axis=1)[totals > 0] / totals[totals > 0]
    low, high = np.percentile(rates, PERCENTILES)
    return Interval(float(low), float(high))
