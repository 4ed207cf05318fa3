"""All that is known after a run, for tables, files and the report."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmark.groups import Group, groups_of, traits_of
from benchmark.languages import spoken_languages
from benchmark.recordings import Recording
from benchmark.results import Problem, VariantScore
from benchmark.significance import Comparison, compare_all

MARGIN = 0.01
"""Word error rate, as a fraction, that may be given up for speed."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The scores and what follows from them; each problem with where it happened.

    `language` is the one that was given for all recordings, `languages` what is spoken in each, by its name.
    """

    scores: tuple[VariantScore, ...]
    problems: tuple[tuple[str, Problem], ...] = ()
    groups: tuple[Group, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    recordings: tuple[Recording, ...] = ()
    language: str | None = None
    languages: Mapping[str, str] = field(default_factory=dict)

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
    languages = spoken_languages(recordings, scores, language)
    return Evaluation(
        scores=tuple(scores),
        problems=tuple(problems),
        groups=tuple(groups_of(scores, traits_of(recordings, languages))),
        comparisons=tuple(compare_all(scores, language)),
        recordings=tuple(recordings),
        language=language,
        languages=languages,
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
    """The fastest of those that are as good as the most accurate one.

    That a test cannot tell two apart does not make them equal, least of all with few words: as good is what
    has no more than MARGIN above the best one, at the end of the interval.
    """
    found = most_accurate(evaluation)
    if not found:
        return None
    best, *others = found
    known = [(pair, pair.interval) for pair in evaluation.comparisons if pair.interval is not None]
    worst = {pair.first: interval.high for pair, interval in known if pair.second == best.variant.label}
    worst |= {pair.second: -interval.low for pair, interval in known if pair.first == best.variant.label}
    good = [score for score in others if worst.get(score.variant.label, 1.0) <= MARGIN]
    return max([best, *good], key=lambda score: score.times_real_time or 0)
