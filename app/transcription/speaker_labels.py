"""Turns put on a transcript: who says each word, and segments that are divided where the speaker changes."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from app.schemas.transcript import Segment, Speaker, SpeakerTurn, Transcript, Utterance, Word
from app.speakers.turns import VoiceTurn


def with_speakers(
    transcript: Transcript,
    turns: Sequence[VoiceTurn],
    known: Mapping[int, str] | None = None,
    *,
    by_channel: bool,
) -> Transcript:
    """Add `speakers`, `turns` and `utterances`.

    `known` are the names of voices that were recognised; `by_channel`: voices have the numbers of channels.
    """
    names = _names(turns)
    found = _Turns(turns, names)
    segments = [
        part
        for segment in transcript.segments
        for part in (_of_channel(segment, names) if by_channel else _divided(segment, found))
    ]
    numbered = tuple(each.model_copy(update={"id": number}) for number, each in enumerate(segments))
    return transcript.model_copy(
        update={
            "segments": numbered,
            "speakers": tuple(_speakers(turns, names, known or {})),
            "turns": tuple(_told(turns, names)),
            "utterances": tuple(_utterances(numbered)),
        }
    )


def _names(turns: Sequence[VoiceTurn]) -> dict[int, str]:
    """S1, S2, … in the order in which the voices are first heard."""
    return {voice: f"S{place}" for place, voice in enumerate(dict.fromkeys(t.voice for t in turns), start=1)}


class _Turns:
    """Turns of which no two overlap, to be looked up by time."""

    def __init__(self, turns: Sequence[VoiceTurn], names: dict[int, str]) -> None:
        self._turns = turns
        self._names = names
        self._starts = [turn.start for turn in turns]

    def speaker(self, start: float, end: float) -> str | None:
        """Who speaks most of that time; where nobody does, who speaks next to it."""
        if not self._turns:
            return None
        last = max(bisect_right(self._starts, end) - 1, 0)
        first = max(bisect_right(self._starts, start) - 1, 0)
        near = self._turns[first : last + 2]
        best = max(near, key=lambda turn: min(end, turn.end) - max(start, turn.start))
        return self._names[best.voice]


def _of_channel(segment: Segment, names: dict[int, str]) -> Iterator[Segment]:
    """The segment as that of its channel's speaker; of a channel that has no turn, of nobody."""
    name = None if segment.channel is None else names.get(segment.channel)
    yield _labelled(segment, segment.words, name)


def _divided(segment: Segment, turns: _Turns) -> Iterator[Segment]:
    if not segment.words:
        yield _labelled(segment, segment.words, turns.speaker(segment.start, segment.end))
        return
    runs = [
        (name, tuple(run))
        for name, run in groupby(segment.words, lambda word: turns.speaker(word.start, word.end))
    ]
    if len(runs) == 1:
        yield _labelled(segment, segment.words, runs[0][0])
        return
    for place, (name, words) in enumerate(runs):
        times = {
            "start": words[0].start if place else segment.start,
            "end": words[-1].end if place < len(runs) - 1 else segment.end,
            "text": "".join(word.word for word in words),
        }
        yield _labelled(segment.model_copy(update=times), words, name)


def _labelled(segment: Segment, words: tuple[Word, ...] | None, name: str | None) -> Segment:
    said = words and tuple(word.model_copy(update={"speaker": name}) for word in words)
    return segment.model_copy(update={"speaker": name, "words": said})


def _speakers(
    turns: Sequence[VoiceTurn], names: dict[int, str], known: Mapping[int, str]
) -> Iterator[Speaker]:
    for voice, name in names.items():
        seconds = sum(turn.end - turn.start for turn in turns if turn.voice == voice)
        yield Speaker(id=name, name=known.get(voice), seconds=round(seconds, 3))


def _told(turns: Sequence[VoiceTurn], names: dict[int, str]) -> Iterator[SpeakerTurn]:
    """The turns; those of channels may overlap."""
    latest = [0.0]
    for turn in turns:
        latest.append(max(latest[-1], turn.end))
    ends_late = [turn.start < before for turn, before in zip(turns, latest, strict=False)]
    meets_next = [turn.end > following.start for turn, following in pairwise(turns)]
    for turn, early, late in zip(turns, ends_late, [*meets_next, False], strict=False):
        yield SpeakerTurn(start=turn.start, end=turn.end, speaker=names[turn.voice], overlap=early or late)


def _utterances(segments: Sequence[Segment]) -> Iterator[Utterance]:
    for name, run in groupby(segments, lambda segment: segment.speaker):
        said = list(run)
        text = "".join(segment.text for segment in said).strip()
        if text:
            yield Utterance(start=said[0].start, end=said[-1].end, speaker=name, text=text)
