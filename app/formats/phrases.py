"""A stored result read as phrases with times, whatever a foreign worker made of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ESTIMATED_SPEED = 15.0
"""Characters a second at which a text of unknown duration is taken to be spoken."""

MOST_CHANNELS = 65_536
"""More than a WAV file may have."""

LATEST = 360_000.0
"""Seconds; a time beyond is no time: SRT has two digits for the hours."""


@dataclass(frozen=True, slots=True)
class TimedText:
    """Words, with single spaces between them, and the seconds at which they are said."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Phrase(TimedText):
    """A segment; `words` is empty where their times are not known.

    `channel` is that in which it is said, counted from 0; None where channels were not kept apart.
    """

    words: tuple[TimedText, ...] = ()
    channel: int | None = None

    @property
    def label(self) -> str | None:
        """Who says it, for people."""
        return None if self.channel is None else f"Channel {self.channel}"


def phrases_of(result: Mapping[str, Any]) -> list[Phrase]:
    """The segments of a result that say something, in the order of their times.

    Where there are none, or one of them cannot be understood, the whole text is one phrase, so that nothing
    is left out.
    """
    segments = [_phrase(segment) for segment in _items(result.get("segments"))]
    phrases = [phrase for phrase in segments if phrase is not None and phrase.text]
    whole = _whole(result)
    if whole is not None and (not phrases or None in segments):
        return [whole]
    return sorted(phrases, key=lambda phrase: phrase.start)


def length_of(result: Mapping[str, Any], phrases: Sequence[Phrase]) -> float:
    """When the recording ends, in seconds; infinity where that is not told, or cannot be true."""
    seconds = _seconds(result.get("duration"))
    if not seconds or any(phrase.start >= seconds for phrase in phrases):
        return math.inf
    return seconds


def _whole(result: Mapping[str, Any]) -> Phrase | None:
    text = result.get("text")
    if not isinstance(text, str) or not text.strip():
        return None
    text = " ".join(text.split())
    return Phrase(text, 0.0, _seconds(result.get("duration")) or len(text) / ESTIMATED_SPEED)


def _phrase(segment: object) -> Phrase | None:
    timed = _timed(segment, "text")
    if timed is None or not isinstance(segment, Mapping):
        return None
    words = [_timed(word, "word") for word in _items(segment.get("words"))]
    known = tuple(word for word in words if word is not None)
    known = known if len(known) == len(words) else ()
    return Phrase(timed.text, timed.start, timed.end, known, _channel(segment.get("channel")))


def _channel(value: object) -> int | None:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_CHANNELS
        else None
    )


def _timed(value: object, key: str) -> TimedText | None:
    if not isinstance(value, Mapping):
        return None
    text, start, end = value.get(key), _seconds(value.get("start")), _seconds(value.get("end"))
    if not isinstance(text, str) or start is None or end is None:
        return None
    return TimedText(" ".join(text.split()), start, max(start, end))


def _seconds(value: object) -> float | None:
    """A time; one slightly before the start is the start. NaN, infinities and other types are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -LATEST <= value <= LATEST:
        return None
    return max(0.0, float(value))


def _items(value: object) -> list[object] | tuple[object, ...]:
    return value if isinstance(value, list | tuple) else ()
