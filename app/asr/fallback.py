"""Temperature fallback: a window is decoded again until a hypothesis passes the quality checks."""

from collections.abc import Callable, Sequence
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


class Attempts:
    """What the decoder has made of a window of so many seconds: a first result, and one for each retry."""

    def __init__(self, first: DecodingResult, seconds: float) -> None:
        self._seconds = seconds
        self._results = [first]

    @property
    def last(self) -> DecodingResult:
        """What was decoded last."""
        return self._results[-1]

    @property
    def retries(self) -> int:
        """How often it was decoded once more."""
        return len(self._results) - 1

    @property
    def are_enough(self) -> bool:
        """Whether the last result counts: it passes the quality checks, or a retry would not help it.

        Noise counts on all 30 s of context only; no temperature gives a hypothesis more room.
        """
        hypothesis = self.last.hypothesis
        reason = hypothesis.reject_reason(self._seconds)
        is_final = hypothesis.is_noise or reason is RejectReason.CUT_SHORT
        return reason is None or (self.retries > 0 and is_final)

    @property
    def best(self) -> DecodingResult:
        """The last result where it counts, else the likeliest; the first, of short context, counts less."""
        if self.are_enough:
            return self.last

        def worth(result: DecodingResult) -> tuple[bool, bool, float]:
            is_first = result is self._results[0]
            return not result.hypothesis.is_repetitive, not is_first, result.hypothesis.avg_logprob

        return max(self._results, key=worth)

    def add(self, result: DecodingResult) -> None:
        """It was decoded once more."""
        self._results.append(result)


Again = Callable[[Sequence[tuple[int, DecodingResult]], float], Sequence[DecodingResult]]
"""Decodes windows once more, given the place and the last result of each: by beam search with all 30 s of
context, and at a temperature above 0 by sampling, in the language of the last result."""


def decode_with_fallback(
    first: DecodingResult, seconds: float, again: Callable[[DecodingResult, float], DecodingResult]
) -> tuple[DecodingResult, int]:
    """The result that counts for a window of so many seconds, and the number of retries.

    `again(last, temperature)` decodes it once more; see Again.
    """
    [attempts] = decode_all_with_fallback(
        [first], [seconds], lambda rejected, temperature: [again(rejected[0][1], temperature)]
    )
    return attempts.best, attempts.retries


def decode_all_with_fallback(
    firsts: Sequence[DecodingResult], seconds: Sequence[float], again: Again
) -> list[Attempts]:
    """Decode windows of so many seconds until their results pass the quality checks.

    All that are rejected go through a temperature together, so that a device need not take them one by one.
    """
    attempts = [Attempts(first, each) for first, each in zip(firsts, seconds, strict=True)]
    for temperature in TEMPERATURES:
        rejected = [place for place, own in enumerate(attempts) if not own.are_enough]
        if rejected:
            results = again([(place, attempts[place].last) for place in rejected], temperature)
            for place, result in zip(rejected, results, strict=True):
                attempts[place].add(result)
    return attempts


def must_split(request: WindowRequest, hypothesis: Hypothesis) -> bool:
    """Whether a window has more text than fits into the model's context: it is split and decoded again."""
    seconds = request.window.seconds
    return (
        hypothesis.cut_short
        and seconds > DIVISIBLE_SECONDS
        and hypothesis.reject_reason(seconds) is RejectReason.CUT_SHORT
    )
