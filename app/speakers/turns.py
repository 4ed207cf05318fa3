"""From vectors to turns: who speaks from when to when."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.speakers.clustering import SpeakerCount, voice_means
from app.speakers.encoder import Vectors, unit
from app.speakers.stretches import Voices

FRAMES_PER_SECOND = 100
"""A turn begins and ends at a whole one of these."""

PAUSE_SECONDS = 0.8
"""A speaker's shorter pause, in which nobody else speaks, belongs to his turn."""


@dataclass(frozen=True, slots=True)
class VoiceTurn:
    """Seconds in which one voice speaks; voices count from 0 in the order of their first turns."""

    start: float
    end: float
    voice: int


def turns_of(windows: Sequence[Voices], count: SpeakerCount) -> list[VoiceTurn]:
    """The turns of a recording, in order."""
    heard = [voices for voices in windows if len(voices.vectors)]
    if not heard:
        return []
    vectors = np.concatenate([vectors_of(voices) for voices in heard])
    stretches = np.concatenate([voices.stretches for voices in heard])
    means = voice_means(vectors, stretches[:, 1] - stretches[:, 0], count)
    parts = [part for voices in heard for part in _parts(voices, means)]
    return in_order(merged(parts))


def channel_turns(windows: Sequence[Voices]) -> list[VoiceTurn]:
    """The turns of a recording in which each channel is one voice, whose number is that of the channel."""
    spans = [
        VoiceTurn(round(start, 3), round(end, 3), voices.channel)
        for voices in windows
        if voices.channel is not None
        for start, end in voices.spans
    ]
    return merged(sorted(spans, key=lambda span: (span.start, span.voice)))


def merged(parts: Iterable[VoiceTurn]) -> list[VoiceTurn]:
    """Parts that follow each other, as turns without the pauses of whoever speaks."""
    turns: list[VoiceTurn] = []
    for part in parts:
        if turns and turns[-1].voice == part.voice and part.start - turns[-1].end <= PAUSE_SECONDS:
            turns[-1] = replace(turns[-1], end=max(part.end, turns[-1].end))
        else:
            turns.append(part)
    return turns


def in_order(turns: Sequence[VoiceTurn]) -> list[VoiceTurn]:
    """The same with voices counted in the order in which they come."""
    numbers: dict[int, int] = {}
    return [replace(turn, voice=numbers.setdefault(turn.voice, len(numbers))) for turn in turns]


def vectors_of(voices: Voices) -> Vectors:
    """The vectors of a window, as they were before they were rounded."""
    return unit(voices.vectors.astype(np.float32))


def _parts(voices: Voices, means: Vectors) -> Iterator[VoiceTurn]:
    """The spans of a window, divided where the voice changes."""
    origin = voices.spans[0][0]
    votes = _votes(voices, means, origin)
    for start, end in voices.spans:
        first, last = _frame(start - origin), _frame(end - origin)
        likeliest = votes[first:last].argmax(axis=1)
        changes = np.flatnonzero(np.diff(likeliest)) + 1
        edges = [0, *changes.tolist(), len(likeliest)]
        for begin, stop in pairwise(edges):
            times = [round(start + edge / FRAMES_PER_SECOND, 3) for edge in (begin, stop)]
            yield VoiceTurn(times[0], times[1], voice=int(likeliest[begin]))


def _votes(voices: Voices, means: Vectors, origin: float) -> NDArray[np.float32]:
    """How much each frame is each voice's: a stretch votes, in its middle more than at its edges."""
    nearest = (vectors_of(voices) @ means.T).argmax(axis=1)
    votes = np.zeros((_frame(voices.spans[-1][1] - origin) + 2, len(means)), np.float32)
    for (start, end), voice in zip(voices.stretches, nearest, strict=True):
        first = int((start - origin) * FRAMES_PER_SECOND)
        last = min(int(np.ceil((end - origin) * FRAMES_PER_SECOND)), len(votes))
        middle = (first + last - 1) / 2
        distance = np.abs(np.arange(first, last) - middle) / max((last - first) / 2, 1)
        votes[first:last, voice] += 1.001 - distance
    return votes[_nearest_voted(votes)]


def _nearest_voted(votes: NDArray[np.float32]) -> NDArray[np.intp]:
    """For each frame the nearest that has a vote: a part of a span may be too short to tell a voice by."""
    voted = np.flatnonzero(votes.any(axis=1))
    places = np.interp(np.arange(len(votes)), voted, np.arange(len(voted)))
    return voted[np.rint(places).astype(np.intp)]


def _frame(seconds: float) -> int:
    return round(seconds * FRAMES_PER_SECOND)
