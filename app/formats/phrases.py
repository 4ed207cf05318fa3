"""A stored result read as phrases with times, whatever a foreign worker made of it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ESTIMATED_SPEED = 15.0
"""Characters a second at which a text of unknown duration is taken to be spoken."""

MOST_CHANNELS = 65_536
"""More than a WAV file may have."""

LONGEST_NAME = 100
"""Characters of a speaker's name."""

LEAST_DURATION = 0.001
"""No recording is shorter: a smaller duration is no figure at all."""

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

    `channel` is that in which it is said, counted from 0; None where channels were not kept apart. `speaker`
    is the name or id of who says it; None where that is not known.
    """

    words: tuple[TimedText, ...] = ()
    channel: int | None = None
    speaker: str | None = None

    @property
    def label(self) -> str | None:
        """Who says it, for people."""
        if self.speaker is not None:
            return self.speaker
        return None if self.channel is None else f"Channel {self.channel}"


def phrases_of(result: Mapping[str, Any]) -> list[Phrase]:
    """The segments of a result that say something, in the order of their times.

    Where there are none, or one of them cannot be understood, the whole text is one phrase, so that nothing
    is left out.
    """
    names = speaker_names(result)
    segments = [_phrase(segment, names) for segment in _items(result.get("segments"))]
    phrases = [phrase for phrase in segments if phrase is not None and phrase.text]
    whole = _whole(result)
    if whole is not None and (not phrases or None in segments):
        return [whole]
    return sorted(phrases, key=lambda phrase: phrase.start)


def length_of(result: Mapping[str, Any], phrases: Sequence[Phrase]) -> float:
    """When the recording ends, in seconds; infinity where that is not told, or cannot be true."""
    seconds = _seconds(result.get("duration"))
    if seconds is None or seconds < LEAST_DURATION or any(phrase.start >= seconds for phrase in phrases):
        return math.inf
    return seconds


def _whole(result: Mapping[str, Any]) -> Phrase | None:
    text = result.get("text")
    if not isinstance(text, str) or not text.strip():
        return None
    text = " ".join(text.split())
    return Phrase(text, 0.0, _seconds(result.get("duration")) or len(text) / ESTIMATED_SPEED)


def speaker_names(result: Mapping[str, Any]) -> dict[str, str]:
    """What people call the speakers of a result, by id: those that have a name."""
    told = [each for each in _items(result.get("speakers")) if isinstance(each, Mapping)]
    named = {speaker_label(each.get("id")): speaker_label(each.get("name")) for each in told}
    return {one: name for one, name in named.items() if one is not None and name is not None}


def speaker_label(value: object) -> str | None:
    """The id or name of a speaker, in one line; None where it is neither."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return " ".join(str(value).split())[:LONGEST_NAME] or None


def _phrase(segment: object, names: Mapping[str, str]) -> Phrase | None:
    timed = _timed(segment, "text")
    if timed is None or not isinstance(segment, Mapping):
        return None
    words = [_timed(word, "word") for word in _items(segment.get("words"))]
    known = tuple(word for word in words if word is not None)
    known = known if len(known) == len(words) else ()
    channel, speaker = _channel(segment.get("channel")), speaker_label(segment.get("speaker"))
    return Phrase(timed.text, timed.start, timed.end, known, channel, names.get(speaker or "", speaker))


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
