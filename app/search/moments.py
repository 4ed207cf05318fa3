"""Where in a transcript it is said."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.core.validation import number_within
from app.schemas.library import Moment, Piece
from app.schemas.task import LONGEST_SECONDS
from app.search.words import Wanted

MOST_MOMENTS = 3
"""Of one transcript; who wants more opens it."""

LONGEST_TEXT = 320
"""Characters of a moment; of a longer segment the part around the first word that was found."""

BEFORE = 80
"""Characters of it that stand before that word."""

AT_A_TIME = 20
"""Segments that are looked at together."""

Spans = list[tuple[int, int]]


def said(result: Mapping[str, Any]) -> list[Any]:
    """Segments; the whole result where a foreign worker told none."""
    segments = result.get("segments")
    return segments if isinstance(segments, list) and segments else [result]


def text_of(segment: Any) -> str:
    """Empty where it has none."""
    text = segment.get("text") if isinstance(segment, Mapping) else None
    return text if isinstance(text, str) else ""


def moments_of(result: Mapping[str, Any], tokens: Collection[str]) -> tuple[Moment, ...]:
    """The moments with the most of the wanted words, the first of these, as they follow each other."""
    wanted = Wanted(tokens)
    found: list[tuple[int, int, Spans]] = []
    left = MOST_MOMENTS
    for place, text in _candidates([text_of(each) for each in said(result)], wanted):
        spans, seen = _marked(text, wanted)
        if seen:
            found.append((-seen, place, spans))
            left -= seen == len(wanted.tokens)
        if left <= 0:
            break
    best = sorted(sorted(found)[:MOST_MOMENTS], key=lambda each: each[1])
    return tuple(_moment(result, place, spans) for _, place, spans in best)


def _candidates(texts: list[str], wanted: Wanted) -> Iterator[tuple[int, str]]:
    """Texts that may hold a wanted word, and their places: of most that is told for many at a time."""
    for first in range(0, len(texts), AT_A_TIME):
        some = texts[first : first + AT_A_TIME]
        if wanted.may_be_in("\n".join(some)):
            yield from ((place, text) for place, text in enumerate(some, first) if wanted.may_be_in(text))


def _marked(text: str, wanted: Wanted) -> tuple[Spans, int]:
    """Spans of the wanted words, those that overlap as one; how many different ones there are."""
    spans: Spans = []
    seen: set[str] = set()
    for each in wanted.found_in(text):
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
