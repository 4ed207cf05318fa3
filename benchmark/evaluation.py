"""All that is known after a run, for tables, files and the report."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.groups import Group, groups_of, traits_of
from benchmark.recordings import Recording
from benchmark.results import Problem, VariantScore
from benchmark.significance import Comparison, compare_all


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores and what follows from them; each problem with where it happened."""

    scores: tuple[VariantScore, ...]
    problems: tuple[tuple[str, Problem], ...] = ()
    groups: tuple[Group, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    recordings: tuple[Recording, ...] = ()
    language: str | None = None

    @property
    def texts(self) -> int:
        """How many different things are said: all variants of a recording say the same."""
        return len({file.subject for score in self.scores for file in score.files if file.words is not None})


def evaluate(
    recordings: Sequence[Recording],
    scores: Sequence[VariantScore],
    missing: Sequence[Problem],
    language: str | None,
) -> Evaluation:
    """Group and compare; `missing` are the references that there are not."""
    problems = [("reference", problem) for problem in missing] + [
        (score.variant.label, problem) for score in scores for problem in score.measurement.problems
    ]
    return Evaluation(
        scores=tuple(scores),
        problems=tuple(problems),
        groups=tuple(groups_of(scores, traits_of(recordings, scores, language))),
        comparisons=tuple(compare_all(scores, language)),
        recordings=tuple(recordings),
        language=language,
    )


def most_accurate(evaluation: Evaluation) -> list[VariantScore]:
    """The variant with the lowest word error rate, then those that the test cannot tell from it."""
    judged = [score for score in evaluation.scores if score.words.rate is not None]
    if not judged:
        return []
    best = min(judged, key=lambda score: (score.words.rate or 0, -(score.times_real_time or 0)))
    worse = {
        label
        for pair in evaluation.comparisons
        if pair.better == best.variant.label
        for label in (pair.first, pair.second)
    }
    return [best, *(score for score in judged if score is not best and score.variant.label not in worse)]


def recommended(evaluation: Evaluation) -> VariantScore | None:
    """The fastest of the most accurate ones."""
    return max(most_accurate(evaluation), key=lambda score: score.times_real_time or 0, default=None)
