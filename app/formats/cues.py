"""Cues: what is shown, from when to when.

Sources of the numbers: the Netflix Timed Text Style Guide (2 lines of 42 characters, at most 7 s, at least
5/6 s, 17 to 20 characters a second for adults; partnerhelp.netflixstudios.com, article 215758617) and the BBC
Subtitle Guidelines (2 lines, 160 to 180 words a minute, about 16 to 18 characters a second;
bbc.github.io/subtitle-guidelines).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.formats.layout import LONGEST_SECONDS, SHORTEST_SECONDS, subtitles_of, text_of, width_of_line
from app.formats.phrases import ESTIMATED_SPEED, Phrase, length_of, phrases_of
from app.formats.pieces import Piece, pieces_of, width_of

READING_SPEED = 17.0
"""Characters a second; a cue stays as long as that takes if the next one leaves it the time."""

FASTEST_SPEECH = 50.0
"""Characters a second; nobody speaks so fast, so the end of such a phrase is wrong."""

LEAST_SECONDS = 0.7
"""What a cue gets even where the next words begin sooner: then the next cue comes after its words."""

MOST_LATE_SECONDS = 2.0
"""A cue that comes later than that after its words gets the time from them to the next ones, LEAST_SECONDS at
most, so that those that follow come no later still."""

FLASH_SECONDS = 0.1
"""What it gets in any case: a foreign worker's times may all be 0."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A subtitle: seconds, and one or two lines."""

    start: float
    end: float
    text: str
    label: str | None = None
    """Who says it, where that is known."""


def cues_of(result: Mapping[str, Any]) -> list[Cue]:
    """A transcript as cues that are easy to read and end with the recording; every word is in one of them.

    They never overlap, unless they are of different channels.
    """
    phrases = phrases_of(result)
    end = length_of(result, phrases)
    channels = sorted({phrase.channel for phrase in phrases}, key=str)
    apart = [[phrase for phrase in phrases if phrase.channel == channel] for channel in channels]
    cues = [cue for voice in apart for cue in _cues(voice, end)]
    return sorted(cues, key=lambda cue: cue.start) if len(apart) > 1 else cues


def _cues(phrases: Sequence[Phrase], end: float) -> list[Cue]:
    """The cues of one channel."""
    limits = [*(phrase.start for phrase in phrases), end][1:]
    labelled = [
        (subtitle, phrase.label)
        for phrase, limit in zip(phrases, limits, strict=True)
        for subtitle in subtitles_of(pieces_of(_ended_by(phrase, limit)), _label_width(phrase.label), limit)
    ]
    times = _times([subtitle for subtitle, _ in labelled], end)
    return [
        Cue(start, stop, text_of(subtitle, _label_width(label)), label)
        for (subtitle, label), (start, stop) in zip(labelled, times, strict=True)
    ]


def _label_width(label: str | None) -> int:
    return width_of(f"{label}: ") if label else 0


def _ended_by(phrase: Phrase, limit: float) -> Phrase:
    """The phrase, ended by the next; one without time takes what it needs of the pause after it."""
    end, width = phrase.end, width_of(phrase.text)
    if end - phrase.start < width / FASTEST_SPEECH:
        end = phrase.start + width / ESTIMATED_SPEED
    return replace(phrase, end=min(end, limit))


def _times(subtitles: Sequence[Sequence[Piece]], end_of_all: float) -> list[tuple[float, float]]:
    """When each of them comes and goes."""
    times: list[tuple[float, float]] = []
    free = 0.0
    limits = [*(subtitle[0].start for subtitle in subtitles), end_of_all][1:]
    for subtitle, limit in zip(subtitles, limits, strict=True):
        start = max(subtitle[0].start, free)
        free = _end(subtitle, start, limit)
        times.append((start, free))
    return _ended(times, end_of_all)


def _ended(times: Sequence[tuple[float, float]], end_of_all: float) -> list[tuple[float, float]]:
    """The same, none later than the end: those that crowd there come earlier."""
    share = min(FLASH_SECONDS, end_of_all / max(1, len(times)))  # which those before it have in any case
    ended: list[tuple[float, float]] = []
    limit = end_of_all
    for place, (start, end) in reversed(list(enumerate(times))):
        least = min(LEAST_SECONDS, end - start)
        end = min(end, limit)
        limit = max(place * share, min(start, end - least))
        ended.append((limit, end))
    return ended[::-1]


def _end(subtitle: Sequence[Piece], start: float, limit: float) -> float:
    """When a cue goes: after what is said and when it has been read, but before the next one comes."""
    reading = max(SHORTEST_SECONDS, width_of_line(subtitle) / READING_SPEED)
    end = min(max(subtitle[-1].end, start + reading), start + LONGEST_SECONDS, limit)
    is_late = start - subtitle[0].start > MOST_LATE_SECONDS
    its_own = min(max(limit - subtitle[0].start, FLASH_SECONDS), LEAST_SECONDS)
    return max(end, start + (its_own if is_late else LEAST_SECONDS))
