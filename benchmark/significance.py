"""Whether one variant is really better than another on the same recordings: a matched-pairs test.

The recordings are cut into segments as NIST's MAPSSWE does (Gillick and Cox 1989, "Some statistical issues in
the comparison of speech recognition algorithms"; Pallett, Fisher and Fiscus 1990, "Tools for the analysis of
benchmark speech recognition tests"): each holds errors and ends where both variants have two words in a row
right, so that errors of different segments are about independent. MAPSSWE takes the mean difference for
normally distributed, which holds for many segments; here its signs are drawn at random (Noreen 1989,
"Computer-intensive methods for testing hypotheses"), which is right for few ones, too. With many pairs of
variants some would differ by chance alone, hence Holm's correction (1979).

A recording and what was made of it (`-loud`, `-noisy` …) have their words in common, and a word that is heard
wrongly in one is often heard so in all. Their errors are therefore laid on top of each other before they are
cut: ten variants of one sentence are no more evidence than that sentence.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from benchmark.alignment import Edit, Stretch, align
from benchmark.bootstrap import SEED, Interval, difference_interval
from benchmark.results import Errors, VariantScore, pooled, pooled_by_subject

DRAWS = 10_000
LEVEL = 0.05
GOOD_WORDS = 2
"""Words in a row that both have right, at which a segment ends."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two variants on the `files` that both transcribed; rates are fractions.

    `difference` is the first word error rate minus the second one, `interval` its 95 % by the bootstrap over
    recordings (None: there is one only), `p` the probability of one as large between equals, corrected for
    the number of pairs.
    """

    first: str
    second: str
    files: int
    segments: int
    difference: float
    interval: Interval | None
    p: float

    @property
    def better(self) -> str | None:
        """The variant that is better beyond chance."""
        if self.p >= LEVEL or self.difference == 0:
            return None
        return self.first if self.difference < 0 else self.second


def compare_all(scores: Sequence[VariantScore], language: str | None) -> list[Comparison]:
    """Every pair of variants that have recordings with words in common."""
    judged = [_Judged.of(score, language) for score in scores]
    pairs = (_compare(first, second) for first, second in combinations(judged, 2))
    return _corrected([pair for pair in pairs if pair is not None])


@dataclass(frozen=True, slots=True)
class _Judged:
    """A variant's errors in each recording that has a reference, and their places (`error_places`)."""

    label: str
    errors: dict[str, Errors]
    places: dict[str, list[int]]
    subjects: dict[str, str]

    @classmethod
    def of(cls, score: VariantScore, language: str | None) -> "_Judged":
        errors: dict[str, Errors] = {}
        places: dict[str, list[int]] = {}
        subjects: dict[str, str] = {}
        for file in score.files:
            if file.reference is not None and file.words is not None:
                name, text = file.transcription.name, file.transcription.text
                errors[name] = file.words
                places[name] = error_places(align(file.reference, text, language))
                subjects[name] = file.subject
        return cls(score.variant.label, errors, places, subjects)

    def errors_of(self, names: Sequence[str]) -> list[Errors]:
        """Those of each subject among some recordings."""
        return pooled_by_subject((self.subjects[name], self.errors[name]) for name in names)

    def places_of(self, names: Sequence[str]) -> list[list[int]]:
        """The same by place: at each, the errors in all variants of the subject."""
        found: defaultdict[str, list[list[int]]] = defaultdict(list)
        for name in names:
            found[self.subjects[name]].append(self.places[name])
        return [[sum(each) for each in zip(*places, strict=True)] for places in found.values()]


def _compare(first: _Judged, second: _Judged) -> Comparison | None:
    both = [name for name in first.errors if name in second.errors]
    mine, theirs = first.errors_of(both), second.errors_of(both)
    words = pooled(mine).reference
    if not words:
        return None
    differences = [
        difference
        for one, other in zip(first.places_of(both), second.places_of(both), strict=True)
        for difference in segment_differences(one, other)
    ]
    return Comparison(
        first=first.label,
        second=second.label,
        files=len(both),
        segments=len(differences),
        difference=(pooled(mine).total - pooled(theirs).total) / words,
        interval=difference_interval(mine, theirs),
        p=sign_flip_probability(differences),
    )


def error_places(stretches: Sequence[Stretch]) -> list[int]:
    """Errors at each place of the reference: before the first word, at it, before the second one …"""
    places = [0]
    for stretch in stretches:
        if stretch.edit is Edit.INSERT:
            places[-1] += len(stretch.heard)
        else:
            wrong = int(stretch.edit is not Edit.EQUAL)
            places += [wrong, 0] * len(stretch.expected)
    return places


def segment_differences(first: Sequence[int], second: Sequence[int]) -> list[int]:
    """Errors of the first minus those of the second in each segment; both by place (`error_places`)."""
    found: list[int] = []
    difference, good, is_open = 0, 0, False
    for place, (one, other) in enumerate(zip(first, second, strict=True)):
        if one or other:
            difference, good, is_open = difference + one - other, 0, True
        elif place % 2:
            good += 1
        if is_open and good == GOOD_WORDS:
            found.append(difference)
            difference, is_open = 0, False
    return [*found, difference] if is_open else found


def sign_flip_probability(differences: Sequence[int]) -> float:
    """How often equals differ as much: the differences with random signs, both sides."""
    values = np.array([each for each in differences if each], np.int32)
    if not len(values):
        return 1.0
    random = np.random.default_rng(SEED)
    sums = np.zeros(DRAWS, np.int64)
    for size in np.unique(np.abs(values)):  # so many coins of each size: heads are binomial
        count = int(np.count_nonzero(np.abs(values) == size))
        sums += size * (2 * random.binomial(count, 0.5, DRAWS) - count)
    as_large = np.count_nonzero(np.abs(sums) >= abs(int(values.sum())))
    return float((1 + as_large) / (1 + DRAWS))


def _corrected(pairs: Sequence[Comparison]) -> list[Comparison]:
    """Holm: the smallest p times the number of pairs, the next one times one less, never falling."""
    order = sorted(range(len(pairs)), key=lambda place: pairs[place].p)
    corrected: dict[int, float] = {}
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, pairs[place].p * (len(pairs) - rank)))
        corrected[place] = highest
    return [replace(pair, p=corrected[place]) for place, pair in enumerate(pairs)]
