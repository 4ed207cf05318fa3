"""The gate that no doubtful answer passes: windows are decoded again until an answer is believed."""

from collections.abc import Callable
from dataclasses import dataclass

from app.engines.answers import Answer, Doubt
from app.engines.base import WindowRequest
from app.engines.detection import Languages

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn on a window whose first answer is doubtful (openai-whisper's ladder); 0 is beam search."""

DIVISIBLE_SECONDS = 4.5
"""A shorter window never has more text than Whisper's context has room for, even behind a prompt."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """An answer to a window, the language that it is in, and what is known of the window's language."""

    answer: Answer
    language: str
    languages: Languages


def heard_in_likeliest(
    request: WindowRequest,
    languages: Languages,
    decode: Callable[[str], Answer],
    first: Answer | None = None,
) -> Hearing:
    """The likeliest answer in any language that a window may be in; `decode` answers in one.

    `first` is the answer in the likeliest of them, if it is known. A translation tells nothing of the
    language that was spoken.
    """
    likeliest, *others = languages.candidates(request.expected)
    first = first or decode(likeliest)
    if not others or request.options.translate:
        return Hearing(first, likeliest, languages)
    answers = {likeliest: first} | {other: decode(other) for other in others}
    language = languages.likeliest_with({name: answer.logprob for name, answer in answers.items()})
    return Hearing(answers[language], language, languages.settled(language, [*answers]))


def mended(first: Hearing, seconds: float, again: Callable[[Hearing, float], Hearing]) -> tuple[Hearing, int]:
    """A hearing to believe, and how many times it took to get it.

    `again(last, temperature)` decodes the window once more: alone, and with all the silence that belongs
    around it; from the first temperature on in the language of the last time. If none is to be believed,
    the likeliest of those counts.
    """
    heard = [first]
    for temperature in TEMPERATURES:
        answer = heard[-1].answer
        doubt = answer.doubt(seconds)
        if doubt is None or (len(heard) > 1 and (answer.is_noise or doubt is Doubt.CUT_SHORT)):
            return heard[-1], len(heard) - 1  # no temperature gives an answer more room
        heard.append(again(heard[-1], temperature))
    best = max(
        heard,
        key=lambda each: (not each.answer.is_repetitive, each is not first, each.answer.avg_logprob),
    )
    return best, len(heard) - 1


def is_divided(request: WindowRequest, answer: Answer) -> bool:
    """Whether a window has more text than the model can write at once, so that its halves must be asked."""
    seconds = request.window.seconds
    return answer.cut_short and seconds > DIVISIBLE_SECONDS and answer.doubt(seconds) is Doubt.CUT_SHORT
