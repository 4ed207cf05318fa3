"""How far a word error rate may be chance: 95 % intervals by the bootstrap over recordings.

Words of one recording are not independent of each other, so that whole recordings are drawn (Bisani and Ney
2004, "Bootstrap estimates for confidence intervals in ASR performance evaluation"), each with all its
variants, in which the same is said.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmark.results import Errors

DRAWS = 5000
DRAWS_AT_ONCE = 500
"""So many are in memory: some thousand recordings take 20 MB then, not 200."""

FEWEST = 2
"""Recordings with words of which there can be an interval."""

PERCENTILES = (2.5, 97.5)
SEED = 0
"""The same figures always give the same interval."""


Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a ratio: a word error rate, the difference of two, or how long something takes."""

    low: float
    high: float


def rate_interval(errors: Sequence[Errors]) -> Interval | None:
    """Of the word error rate of some recordings; None where fewer than two of them have words."""
    return difference_interval(errors, [Errors(each.reference, 0, 0, 0) for each in errors])


def difference_interval(first: Sequence[Errors], second: Sequence[Errors]) -> Interval | None:
    """Of the first rate minus the second one, on the same recordings.

    None where fewer than two of them have words: one recording does not tell how much others differ.
    """
    words = [each.reference for each in first]
    if sum(count > 0 for count in words) < FEWEST:
        return None
    edits = [one.total - other.total for one, other in zip(first, second, strict=True)]
    return ratio_interval(edits, words)


def ratio_interval(first: Sequence[float], second: Sequence[float]) -> Interval | None:
    """Of the sum of the first values over that of the second ones, a pair for each recording.

    None where the second values are all 0.
    """
    above, below = np.array(first, float), np.array(second, float)
    if not below.sum():
        return None
    random = np.random.default_rng(SEED)
    sums = [_drawn_sums(above, below, random) for _ in range(DRAWS // DRAWS_AT_ONCE)]
    totals = np.concatenate([total for _, total in sums])
    ratios = np.concatenate([part for part, _ in sums])[totals > 0] / totals[totals > 0]
    low, high = np.percentile(ratios, PERCENTILES)
    return Interval(float(low), float(high))


def _drawn_sums(above: Values, below: Values, random: np.random.Generator) -> tuple[Values, Values]:
    """Sums over recordings that are drawn with replacement, one of each a draw."""
    drawn = random.integers(len(below), size=(DRAWS_AT_ONCE, len(below)))
    return above[drawn].sum(axis=1), below[drawn].sum(axis=1)
