"""Times of segments and words that can be relied on: in order, never empty, within the recording."""

from collections.abc import Sequence

from app.schemas.transcript import Segment, Word

SHORTEST_SECONDS = 0.02
"""What a word or segment lasts at least: Whisper's own step, and a frame of a subtitle."""


def within(segments: Sequence[Segment], duration: float) -> tuple[Segment, ...]:
    """The segments of a recording of that length."""
    return tuple(_within(segment, duration) for segment in segments)


def _within(segment: Segment, duration: float) -> Segment:
    start, end = _span(segment.start, segment.end, 0.0, duration)
    if segment.words is None:
        return _moved(segment, start, end)
    words = tuple(_word(word, start, end) for word in segment.words)
    return _moved(segment, start, end).model_copy(update={"words": words})


def _word(word: Word, first: float, last: float) -> Word:
    start, end = _span(word.start, word.end, first, last)
    if (start, end) == (word.start, word.end):
        return word
    return word.model_copy(update={"start": start, "end": end})


def _moved(segment: Segment, start: float, end: float) -> Segment:
    if (start, end) == (segment.start, segment.end):
        return segment
    return segment.model_copy(update={"start": start, "end": end})


def _span(start: float, end: float, first: float, last: float) -> tuple[float, float]:
    """A span within another one, if that is long enough at all, and never empty."""
    start, end = max(start, first), min(end, last)
    if end - start >= SHORTEST_SECONDS:
        return start, end
    start = max(first, min(start, last - SHORTEST_SECONDS))
    return round(start, 3), round(min(max(last, first + SHORTEST_SECONDS), start + SHORTEST_SECONDS), 3)
