"""A window's hypothesis to segments: phrases with times, short enough to be shown as subtitles."""

import re
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from app.asr.base import WindowRequest
from app.asr.hypothesis import Hypothesis
from app.asr.loops import without_loops
from app.audio.windows import Window
from app.schemas.transcript import Segment, Word

ONE_SEGMENT_SECONDS = 6.0
"""A window up to this length is one segment, whatever is said in it."""

LONGEST_SEGMENT_SECONDS = 12.0
"""A longer segment is divided at its longest pause."""

SPOKEN_ON_SECONDS = 0.3
"""After a pause like this even what looks like an abbreviation ends a sentence."""

_CLOSING = r"[\"'”»)\]」』）】]*"
SENTENCE_END = re.compile(rf"[.!?…。！？]+{_CLOSING}$")
_SENTENCE_WITHIN = re.compile(rf"([.!?…]+{_CLOSING}\s+|[。！？]+{_CLOSING}\s*)[^\s\"'”»)\]」』）】。！？]")
_SHORT_WORD = re.compile(r"\W*((\w\.)+|[^\W\d_]{1,3}\.)$")


def is_several(window: Window, text: str) -> bool:
    """Whether a window is divided into segments, for which the times of its words must be known."""
    if window.seconds <= ONE_SEGMENT_SECONDS or not text.strip():
        return False
    return window.seconds > LONGEST_SEGMENT_SECONDS or _SENTENCE_WITHIN.search(text) is not None


def segments_of(
    request: WindowRequest, hypothesis: Hypothesis, words: Sequence[Word] | None, breaks: Sequence[float] = ()
) -> tuple[Segment, ...]:
    """The segments of a window; loops are said once. None goes on past `breaks`, seconds of the recording."""
    text = without_loops(hypothesis.text)
    if not text.strip():
        return ()
    if not words or text != hypothesis.text:
        first, last = request.window.speech[0][0], request.window.speech[-1][1]
        return (_segment(0, first, last, text, hypothesis, None),)
    keep = request.options.word_timestamps
    return tuple(
        _segment(
            number,
            phrase[0].start,
            phrase[-1].end,
            "".join(word.word for word in phrase),
            hypothesis,
            tuple(phrase) if keep else None,
        )
        for number, phrase in enumerate(_phrases(words, breaks))
    )


def _phrases(words: Sequence[Word], breaks: Sequence[float]) -> Iterator[list[Word]]:
    """Sentences, and parts of those that are too long or broken."""
    sentence: list[Word] = []
    for word, following in zip_longest(words, words[1:]):
        sentence.append(word)
        if (
            following is None
            or _ends_sentence(word, following)
            or any(word.start < each <= following.start for each in breaks)
        ):
            yield from _divided(sentence)
            sentence = []


def _ends_sentence(word: Word, following: Word) -> bool:
    """`Dr.`, `U.S.` and `т.` do not, unless the speaker pauses there."""
    if SENTENCE_END.search(word.word) is None:
        return False
    if following.start - word.end >= SPOKEN_ON_SECONDS:
        return True
    text = word.word.strip()
    is_short = _SHORT_WORD.match(text) is not None
    return not (is_short and (text[0].isupper() or len(text) == 2))


def _divided(words: list[Word]) -> Iterator[list[Word]]:
    if len(words) < 2 or words[-1].end - words[0].start <= LONGEST_SEGMENT_SECONDS:
        yield words
        return
    places = range(1, len(words))
    best = max(
        places, key=lambda place: (words[place].start - words[place - 1].end, -abs(place - len(words) / 2))
    )
    yield from _divided(words[:best])
    yield from _divided(words[best:])


def _segment(
    number: int, start: float, end: float, text: str, hypothesis: Hypothesis, words: tuple[Word, ...] | None
) -> Segment:
    return Segment(
        id=number,
        start=round(start, 3),
        end=round(max(start, end), 3),
        text=text,
        avg_logprob=round(hypothesis.avg_logprob, 4),
        no_speech_prob=round(hypothesis.no_speech_prob, 4),
        compression_ratio=round(hypothesis.compression_ratio, 3),
        temperature=hypothesis.temperature,
        words=words,
    )
