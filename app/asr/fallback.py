"""Temperature fallback: a window is decoded again until a hypothesis passes the quality checks."""

from collections.abc import Callable
from dataclasses import dataclass

from app.asr.base import WindowRequest
from app.asr.hypothesis import Hypothesis, RejectReason
from app.asr.language import Languages

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn on a window whose first hypothesis is rejected (openai-whisper's ladder); 0: beam search."""

DIVISIBLE_SECONDS = 4.5
"""A shorter window never has more text than Whisper's context has room for, even behind a prompt."""


@dataclass(frozen=True, slots=True)
class DecodingResult:
    """The hypothesis for a window, the language that it is in, and what is known of the window's language."""

    hypothesis: Hypothesis
    language: str
    languages: Languages


def decode_best_language(
    request: WindowRequest,
    languages: Languages,
    decode: Callable[[str], Hypothesis],
    first: Hypothesis | None = None,
) -> DecodingResult:
    """The likeliest hypothesis in any language that a window may be in; `decode` decodes it in one.

    `first` is the hypothesis in the likeliest language, if it is known. A translation tells nothing of the
    language that was spoken.
    """
    likeliest, *others = languages.candidates(request.expected)
    first = first or decode(likeliest)
    if not others or request.options.translate:
        return DecodingResult(first, likeliest, languages)
    hypotheses = {likeliest: first} | {other: decode(other) for other in others}
    language = languages.likeliest_with({name: hypothesis.logprob for name, hypothesis in hypotheses.items()})
    return DecodingResult(hypotheses[language], language, languages.settled(language, [*hypotheses]))


def decode_with_fallback(
    first: DecodingResult, seconds: float, again: Callable[[DecodingResult, float], DecodingResult]
) -> tuple[DecodingResult, int]:
    """The first result that passes the quality checks, and the number of retries.

    `again(last, temperature)` decodes the window once more: alone, with all 30 s of context, and at a
    temperature above 0 in the language of the last result. If none passes, the likeliest counts.
    """
    results = [first]
    for temperature in TEMPERATURES:
        hypothesis = results[-1].hypothesis
        reason = hypothesis.reject_reason(seconds)
        if reason is None or (len(results) > 1 and (hypothesis.is_noise or reason is RejectReason.CUT_SHORT)):
            return results[-1], len(results) - 1  # no temperature gives a hypothesis more room
        results.append(again(results[-1], temperature))
    best = max(
        results,
        key=lambda each: (not each.hypothesis.is_repetitive, each is not first, each.hypothesis.avg_logprob),
    )
    return best, len(results) - 1


def must_split(request: WindowRequest, hypothesis: Hypothesis) -> bool:
    """Whether a window has more text than fits into the model's context: it is split and decoded again."""
    seconds = request.window.seconds
    return (
        hypothesis.cut_short
        and seconds > DIVISIBLE_SECONDS
        and hypothesis.reject_reason(seconds) is RejectReason.CUT_SHORT
    )
