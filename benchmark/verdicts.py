"""What the report says to who reads no table: what to take, and what that costs."""

from collections.abc import Iterator, Sequence

from app.weights.catalog import canonical_name
from app.weights.facts import accuracy_of, download_mb
from benchmark.evaluation import MARGIN, Evaluation, most_accurate, recommended
from benchmark.files import word_interval
from benchmark.languages import language_name, unknown_to
from benchmark.measure import ENGINES
from benchmark.report import interval_text
from benchmark.results import VariantScore

FEW_WORDS = 1000
"""Below, even large differences may be chance."""

MUCH_FASTER = 4
"""Times as fast, from which few words more or less may not be worth the time."""

LADDER = ("small", "medium", "large-v3-turbo")
"""Models of all languages that are worth trying where smaller ones have too many words wrong, by size."""


def verdicts(evaluation: Evaluation) -> Iterator[str]:
    """All of them, what to take first."""
    best, choice = most_accurate(evaluation), recommended(evaluation)
    if choice:
        yield _choice(evaluation, best, choice)
        yield _fewest(best[0])
        others = ", ".join(f"{score.variant.label} ({_percent(score)})" for score in best[1:])
        if others:
            yield f"These recordings do not prove that it is better than: {others}."
        yield from _languages(evaluation)
        faster = [score for score in best if (score.times_real_time or 0) > (choice.times_real_time or 0)]
        if faster:
            names = ", ".join(f"{score.variant.label} ({score.times_real_time:.1f} ×)" for score in faster)
            yield f"Faster, and perhaps as good: {names}. More recordings would tell."
        yield from _cost(choice)
        yield from _not_measured(evaluation)
        words, texts = best[0].words.reference, evaluation.texts
        if words < FEW_WORDS:
            different = f"{texts} different text{'s' * (texts != 1)}"
            yield (
                f"There are {words} words only, of {different}: measure with more before you trust a small "
                "difference."
            )
    if evaluation.problems:
        yield f"{len(evaluation.problems)} problems are listed below."


def _choice(evaluation: Evaluation, best: Sequence[VariantScore], choice: VariantScore) -> str:
    """What to take, and why."""
    if sum(score.words.rate is not None for score in evaluation.scores) == 1:
        return (
            f"Only {choice.variant.label} was measured. To choose, measure others beside it: --model, "
            "--engine, --compute-type and --beam-size may be repeated."
        )
    if len(best) == 1:
        return f"Take {choice.variant.label}: all others have more words wrong, beyond chance."
    if choice is best[0]:
        return f"Take {choice.variant.label}: it has the fewest words wrong{_but(best)}."
    return (
        f"Take {choice.variant.label}: it is the fastest of those that have at most {100 * MARGIN:.0f} point "
        "more words wrong than the most accurate one."
    )


def _but(best: Sequence[VariantScore]) -> str:
    """Names what is very much faster and not proved to be worse."""
    speeds = [score.times_real_time or 0 for score in best]
    if not speeds[0] or max(speeds) < MUCH_FASTER * speeds[0]:
        return ""
    quick = best[speeds.index(max(speeds))]
    times = max(speeds) / speeds[0]
    return f"; but {quick.variant.label} is {times:.0f} times as fast, and may be as good"


def _cost(choice: VariantScore) -> Iterator[str]:
    """What the machine has to give for it, one recording after another."""
    if choice.real_time_factor:
        memory = choice.measurement.peak_memory_mb
        needs = "" if memory is None else f", and {memory:.0f} MiB of memory at most"
        minutes = f"{60 * choice.real_time_factor:.1f} minutes"
        yield f"With {choice.variant.label}, an hour of audio takes {minutes} on this machine{needs}."


def _languages(evaluation: Evaluation) -> Iterator[str]:
    """Models that were measured with what they cannot know."""
    recordings = len(evaluation.languages)
    for model in dict.fromkeys(score.variant.model for score in evaluation.scores):
        foreign = unknown_to(model, evaluation.languages)
        if foreign:
            names = ", ".join(language_name(code) for code in sorted(foreign))
            count = f"{foreign.total()} of the {recordings} recordings"
            yield f"{model} was not trained on {names} ({count}): judge it by the other languages, if at all."


def _not_measured(evaluation: Evaluation) -> Iterator[str]:
    """What may be better than all that was tried, where that is known."""
    names = {canonical_name(score.variant.model) for score in evaluation.scores}
    grades = [accuracy_of(name) for name in names]
    known = [grade for grade in grades if grade is not None]
    if not known or len(known) < len(grades):
        return
    better = [name for name in LADDER if (accuracy_of(name) or 0) > max(known)]
    if better:
        sizes = ", ".join(f"{name} ({download_mb(name)} MB)" for name in better)
        yield (
            f"By published figures these are more accurate, and slower: {sizes}. To measure one, too: "
            f"--model {better[0]}."
        )


def settings_lines(evaluation: Evaluation) -> list[str]:
    """Lines of `.env` that have the service use what is recommended; a service that was measured has them."""
    choice = recommended(evaluation)
    if choice is None or choice.variant.engine not in ENGINES:
        return []
    variant = choice.variant
    chosen = {
        "DEFAULT_MODEL": variant.model,
        "ENGINE": variant.engine,
        "COMPUTE_TYPE": variant.compute_type,
        "WHISPER_BEAM_SIZE": variant.beam_size,
    }
    return [f"{name}={value}" for name, value in chosen.items() if value is not None]


def _fewest(score: VariantScore) -> str:
    interval = word_interval(score)
    likely = f"; with other recordings of the kind, {interval_text(interval)} % is likely" if interval else ""
    wrong = f"{_percent(score)} of {score.words.reference} words"
    return f"Fewest wrong words: {score.variant.label}, {wrong}{likely}."


def _percent(score: VariantScore) -> str:
    return f"{100 * (score.words.rate or 0):.1f} %"
