"""What the report says to who reads no table: what to take, and what that costs."""

from collections.abc import Iterator, Sequence

from benchmark.evaluation import MARGIN, Evaluation, most_accurate, recommended
from benchmark.files import word_interval
from benchmark.measure import ENGINES
from benchmark.report import interval_text
from benchmark.results import VariantScore

FEW_WORDS = 1000
"""Below, even large differences may be chance."""


def verdicts(evaluation: Evaluation) -> Iterator[str]:
    """All of them, what to take first."""
    best, choice = most_accurate(evaluation), recommended(evaluation)
    if choice:
        yield _choice(evaluation, best, choice)
        interval = interval_text(word_interval(best[0]))
        yield f"Fewest wrong words: {best[0].variant.label}, {_rate(best[0])} (95 %: {interval})."
        others = ", ".join(score.variant.label for score in best[1:])
        if others:
            yield f"These recordings cannot tell it from: {others}."
        faster = [score for score in best if (score.times_real_time or 0) > (choice.times_real_time or 0)]
        if faster:
            names = ", ".join(f"{score.variant.label} ({score.times_real_time:.1f} ×)" for score in faster)
            yield f"Faster, and perhaps as good: {names}. More recordings would tell."
        yield from _cost(choice)
        yield from _settings(choice)
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
        return f"Take {choice.variant.label}: it has the fewest words wrong."
    return (
        f"Take {choice.variant.label}: it is the fastest of those that have at most {100 * MARGIN:.0f} point "
        "more words wrong than the most accurate one."
    )


def _cost(choice: VariantScore) -> Iterator[str]:
    """What the machine has to give for it, one recording after another."""
    if choice.real_time_factor:
        memory = choice.measurement.peak_memory_mb
        needs = "" if memory is None else f", and {memory:.0f} MiB of memory at most"
        minutes = f"{60 * choice.real_time_factor:.1f} minutes"
        yield f"With {choice.variant.label}, an hour of audio takes {minutes} on this machine{needs}."


def _settings(choice: VariantScore) -> Iterator[str]:
    """How the service is told to use it; a service that was measured is set up already."""
    variant = choice.variant
    if variant.engine in ENGINES:
        chosen = {
            "DEFAULT_MODEL": variant.model,
            "ENGINE": variant.engine,
            "COMPUTE_TYPE": variant.compute_type,
            "WHISPER_BEAM_SIZE": variant.beam_size,
        }
        lines = ", ".join(f"{name}={value}" for name, value in chosen.items() if value is not None)
        yield f"To have it, write into .env: {lines}."


def _rate(score: VariantScore) -> str:
    return f"{100 * (score.words.rate or 0):.1f} % of {score.words.reference} words"
