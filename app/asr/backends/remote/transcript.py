"""A server's answer to a window as the transcript of that window, in the recording's time."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp

from app.asr.assembly import build_transcript
from app.asr.backends.remote.response import RemoteResponse, RemoteSegment, RemoteWord
from app.asr.base import WindowRequest
from app.asr.coverage import WindowDraft
from app.asr.fallback import DecodingResult
from app.asr.hypothesis import Hypothesis
from app.asr.language import Languages
from app.asr.loops import without_loops
from app.asr.words import to_words
from app.audio.windows import Window
from app.schemas.transcript import Segment, Word
from app.schemas.window import WindowTranscript

_BEFORE_END = 0.001
"""Seconds: the end of a phrase lies in the sound before it, not in that after a pause that was cut out."""


@dataclass(frozen=True, slots=True)
class RemoteResult:
    """A server's answer and what is concluded from it."""

    response: RemoteResponse
    decoding: DecodingResult


def remote_result(response: RemoteResponse, language: str | None, temperature: float) -> RemoteResult:
    """The answer to a request in `language` (None: the server has detected it) at `temperature`.

    Servers name the language without a probability: it is taken for certain.
    """
    code = language or response.language_code
    hypothesis = Hypothesis(
        tokens=(),
        text=response.text,
        avg_logprob=response.avg_logprob,
        no_speech_prob=response.no_speech_prob,
        temperature=max(temperature, response.temperature),
    )
    return RemoteResult(response, DecodingResult(hypothesis, code, Languages({code: 1.0})))


def remote_transcript(request: WindowRequest, result: RemoteResult, retries: int) -> WindowTranscript:
    """The transcript of a window; of noise, nothing."""
    segments = _segments(request, result)
    draft = WindowDraft(request, result.decoding, _words_known(result, segments))
    return build_transcript(draft, segments, retries)


def _words_known(result: RemoteResult, segments: Sequence[Segment]) -> tuple[Word, ...] | None:
    """All words; none where there is no text; None where their times are not known."""
    if not result.response.text.strip():
        return ()
    if not result.response.words:
        return None
    return tuple(word for segment in segments for word in segment.words or ())


def _segments(request: WindowRequest, result: RemoteResult) -> list[Segment]:
    """The server's phrases that have text."""
    phrases = [each for each in _phrases(request.window, result.response) if each.text.strip()]
    shared = _shared_out(result.response.words or (), phrases)
    return [
        _segment(request, number, phrase, words, result.decoding)
        for number, (phrase, words) in enumerate(zip(phrases, shared, strict=True))
    ]


def _phrases(window: Window, response: RemoteResponse) -> tuple[RemoteSegment, ...]:
    """The server's segments; where it gives none, the text as one, from the first speech to the last."""
    if response.segments:
        return response.segments
    first, last = window.place_of(window.speech[0][0]), window.place_of(window.speech[-1][1])
    return (RemoteSegment(text=response.text, start=first, end=last),)


def _segment(
    request: WindowRequest,
    number: int,
    phrase: RemoteSegment,
    words: Sequence[RemoteWord],
    decoding: DecodingResult,
) -> Segment:
    window = request.window
    text = without_loops(phrase.text)
    start = window.time_of(_within(phrase.start, window))
    end = window.time_of(max(0.0, _within(phrase.end, window) - _BEFORE_END)) + _BEFORE_END
    spelt = _spelt(phrase.text, words)
    # OpenAI's words have no probability: the mean one of the phrase's tokens stands in for it.
    mean = exp(min(0.0, phrase.avg_logprob or 0.0))
    aligned = [
        (text, _within(word.start, window), _within(word.end, window), word.probability or mean)
        for text, word in zip(spelt, words, strict=True)
    ]
    keep = bool(words) and text == phrase.text and request.options.word_timestamps
    return Segment(
        id=number,
        start=round(start, 3),
        end=round(max(start, end), 3),
        text=text,
        avg_logprob=phrase.avg_logprob,
        no_speech_prob=phrase.no_speech_prob,
        compression_ratio=round(decoding.hypothesis.compression_ratio, 3),
        temperature=phrase.temperature,
        language=decoding.language,
        words=to_words(window, aligned) if keep else None,
    )


def _shared_out(words: Sequence[RemoteWord], phrases: Sequence[RemoteSegment]) -> list[list[RemoteWord]]:
    """The words of each phrase: those whose middle comes before its end; the rest are of the last."""
    shared: list[list[RemoteWord]] = [[] for _ in phrases]
    place = 0
    for word in words if phrases else ():
        while place + 1 < len(phrases) and (word.start + word.end) / 2 >= phrases[place].end:
            place += 1
        shared[place].append(word)
    return shared


def _spelt(text: str, words: Iterable[RemoteWord]) -> list[str]:
    """The words as they stand in the text, with the space before and the punctuation after them.

    Servers strip words of spaces, and OpenAI of punctuation too; joined, these give the text again. Where the
    words are not those of the text, they stay as they are.
    """
    bare = [word.word.strip() for word in words]
    cuts, done = [0], 0
    for word in bare:
        place = text.lower().find(word.lower(), done)
        if place < 0:
            return [f" {each}" for each in bare]
        if done:
            space = re.search(r"\s", text[done:place])
            cuts.append(done + space.start() if space else place)
        done = place + len(word)
    return [text[first:last] for first, last in pairwise([*cuts, len(text)])] if bare else []


def _within(place: float, window: Window) -> float:
    return min(max(0.0, place), window.seconds)
