"""Where in a transcript it is said."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.core.utils import number_within
from app.schemas.library import Moment, Piece
from app.schemas.task import LONGEST_SECONDS
from app.search.words import runs_with, tokens_in

MOST_MOMENTS = 3
"""Of one transcript; who wants more opens it."""

LONGEST_TEXT = 320
"""Characters of a moment; of a longer segment the part around the first word that was found."""

BEFORE = 80
"""Characters of it that stand before that word."""

AT_A_TIME = 50
"""Segments: often the first few minutes have all that is shown."""

Spans = list[tuple[int, int]]


def said(result: Mapping[str, Any]) -> list[Any]:
    """Segments; the whole result where a foreign worker told none."""
    segments = result.get("segments")
    return segments if isinstance(segments, list) and segments else [result]


def text_of(segment: Any) -> str:
    """Empty where it has none."""
    text = segment.get("text") if isinstance(segment, Mapping) else None
    return text if isinstance(text, str) else ""


def moments_of(result: Mapping[str, Any], wanted: Collection[str]) -> tuple[Moment, ...]:
    """The moments with the most of the wanted words, the first of these, as they follow each other."""
    segments = said(result)
    found: list[tuple[int, int, Spans]] = []
    left = MOST_MOMENTS
    for place, text in _candidates([text_of(each) for each in segments], wanted):
        spans, seen = _marked(text, wanted)
        if seen:
            found.append((-seen, place, spans))
            left -= seen == len(wanted)
        if left <= 0:
            break
    best = sorted(sorted(found)[:MOST_MOMENTS], key=lambda each: each[1])
    return tuple(_moment(result, place, spans) for _, place, spans in best)


def _candidates(texts: list[str], wanted: Collection[str]) -> Iterator[tuple[int, str]]:
    """Texts that may hold a wanted word, and their places: most can be told by a look at many at a time."""
    for first in range(0, len(texts), AT_A_TIME):
        some = texts[first : first + AT_A_TIME]
        runs = runs_with("\n".join(some), wanted)
        for place, text in enumerate(some, first):
            if any(run in text for run in runs):
                yield place, text


def _marked(text: str, wanted: Collection[str]) -> tuple[Spans, int]:
    """Spans of the wanted words, those that overlap as one; how many different ones there are."""
    spans: Spans = []
    seen: set[str] = set()
    for each in tokens_in(text):
        if each.token not in wanted:
            continue
        seen.add(each.token)
        if spans and each.start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], each.end))
        else:
            spans.append((each.start, each.end))
    return spans, len(seen)


def _moment(result: Mapping[str, Any], place: int, spans: Spans) -> Moment:
    segment = said(result)[place]
    is_segment = segment is not result
    start = segment.get("start") if is_segment else None
    speaker = segment.get("speaker")
    return Moment(
        start=number_within(start, 0, LONGEST_SECONDS),
        segment=place if is_segment else None,
        speaker=speaker if isinstance(speaker, str) else None,
        pieces=tuple(_pieces(text_of(segment), spans)),
    )


def _pieces(text: str, spans: Spans) -> Iterator[Piece]:
    """The text in pieces, of which some are what was found; cut to LONGEST_TEXT."""
    begin, end = 0, len(text)
    if end > LONGEST_TEXT:
        begin = max(0, spans[0][0] - BEFORE)
        end = min(end, begin + LONGEST_TEXT)
    at, lead = begin, "…" if begin else ""
    for first, last in spans:
        if last > end:
            break
        if lead or first > at:
            yield Piece(text=lead + text[at:first], found=False)
        yield Piece(text=text[first:last], found=True)
        at, lead = last, ""
    rest = text[at:end] + ("…" if end < len(text) else "")
    if lead or rest:
        yield Piece(text=lead + rest, found=False)
