"""The gate that no doubtful answer passes: windows are decoded again until an answer is believed."""

from collections.abc import Callable, Sequence

from app.engines.answers import Answer, Doubt
from app.engines.base import WindowRequest
from app.engines.segments import segments_of
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn on a window whose first answer is doubtful (openai-whisper's ladder); 0 is beam search."""


def mended(first: Answer, seconds: float, again: Callable[[float], Answer]) -> tuple[Answer, int]:
    """An answer to believe, and how many times it took to get it.

    `again(temperature)` decodes the window once more: alone, and with all the silence that belongs around it.
    """
    answers = [first]
    for temperature in TEMPERATURES:
        doubt = answers[-1].doubt(seconds)
        if doubt is None or (len(answers) > 1 and (answers[-1].is_noise or doubt is Doubt.CUT_SHORT)):
            return answers[-1], len(answers) - 1  # no temperature gives an answer more room
        answers.append(again(temperature))
    best = max(answers, key=lambda answer: (not answer.is_repetitive, answer.avg_logprob))
    return best, len(answers) - 1


def transcript_of(
    request: WindowRequest,
    answer: Answer,
    words: Sequence[Word] | None,
    *,
    language: str,
    languages: dict[str, float],
    retries: int,
) -> WindowTranscript:
    """What an engine hands on of a window; of noise, nothing."""
    window = request.window
    return WindowTranscript(
        number=window.number,
        start=round(window.start, 3),
        end=round(window.end, 3),
        segments=() if answer.is_noise else segments_of(request, answer, words),
        language=language,
        languages=languages,
        retries=retries,
        noise=answer.is_noise,
    )
