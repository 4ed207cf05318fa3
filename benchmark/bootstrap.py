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
    """Bounds of a ratio: a word error rate, the difference of two, or how long something takes."""

    low: float
    high: float


def rate_interval(errors: Sequence[Errors]) -> Interval | None:
    """Of the word error rate of some recordings; None without words."""
    return difference_interval(errors, [Errors(each.reference, 0, 0, 0) for each in errors])


def difference_interval(first: Sequence[Errors], second: Sequence[Errors]) -> Interval | None:
    """Of the first rate minus the second one, on the same recordings; None without words."""
    edits = [one.total - other.total for one, other in zip(first, second, strict=True)]
    return ratio_interval(edits, [each.reference for each in first])


def ratio_interval(first: Sequence[float], second: Sequence[float]) -> Interval | None:
    """Of the sum of the first values over that of the second ones, a pair for each recording.

    None where the second values are all 0.
    """
    above, below = np.array(first, float), np.array(second, float)
    if not below.sum():
        return None
    drawn = np.random.default_rng(SEED).integers(len(below), size=(DRAWS, len(below)))
    totals = below[drawn].sum(axis=1)
    ratios = above[drawn].sum(axis=1)[totals > 0] / totals[totals > 0]
    low, high = np.percentile(ratios, PERCENTILES)
    return Interval(float(low), float(high))
