"""The gate that no doubtful answer passes: windows are decoded again until an answer is believed."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from app.engines.answers import Answer, Doubt
from app.engines.base import WindowRequest
from app.engines.detection import Languages
from app.engines.segments import segments_of
from app.schemas.transcript import Word
from app.schemas.window import WindowTranscript

TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Tried in turn on a window whose first answer is doubtful (openai-whisper's ladder); 0 is beam search."""

DIVISIBLE_SECONDS = 4.5
"""A shorter window never has more text than Whisper's context has room for, even behind a prompt."""


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


def is_divided(request: WindowRequest, answer: Answer) -> bool:
    """Whether a window has more text than the model can write at once, so that its halves must be asked."""
    seconds = request.window.seconds
    return answer.cut_short and seconds > DIVISIBLE_SECONDS and answer.doubt(seconds) is Doubt.CUT_SHORT


def divided(
    request: WindowRequest,
    language: str,
    transcribe: Callable[[list[WindowRequest]], list[WindowTranscript]],
) -> WindowTranscript:
    """The transcript of a window whose halves are asked alone."""
    first, second = (
        transcribe([replace(request, window=half, expected=language)])[0] for half in request.window.halves()
    )
    segments = enumerate((*first.segments, *second.segments))
    return first.model_copy(
        update={
            "end": second.end,
            "segments": tuple(segment.model_copy(update={"id": number}) for number, segment in segments),
            "retries": first.retries + second.retries + 1,
            "noise": first.noise and second.noise,
        }
    )


def transcript_of(
    request: WindowRequest,
    answer: Answer,
    words: Sequence[Word] | None,
    *,
    language: str,
    languages: Languages,
    retries: int,
) -> WindowTranscript:
    """What an engine hands on of a window; of noise, nothing."""
    window = request.window
    segments = () if answer.is_noise else segments_of(request, answer, words)
    return WindowTranscript(
        number=window.number,
        start=round(window.start, 3),
        end=round(window.end, 3),
        segments=tuple(segment.model_copy(update={"language": language}) for segment in segments),
        language=language,
        languages={} if request.options.language else languages.probabilities,
        retries=retries,
        noise=answer.is_noise,
    )
