"""A stored result with the corrections of people in it: texts, segments, word times and speakers."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from typing import Any

from app.formats.regrouping import regrouped
from app.formats.retiming import is_timed, maps, retimed
from app.schemas.corrections import Corrections, SpeakerChanges


def corrected(result: Mapping[str, Any], corrections: Corrections) -> dict[str, Any]:
    """The result with them applied; one of a foreign worker stays as it is where it is not understood."""
    segments = result.get("segments")
    if not isinstance(segments, list):
        return dict(result)
    changed = _segments(segments, corrections)
    rest = dict(result) | {"segments": changed, "edited": True}
    if corrections.texts or corrections.regrouped:
        texts = [each.get("text") for each in changed if isinstance(each, Mapping)]
        rest["text"] = " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())
    if corrections.speakers != SpeakerChanges() or _are_moved(result, corrections):
        rest |= _speakers(result, changed, corrections)
    if isinstance(result.get("utterances"), list):
        rest["utterances"] = list(_utterances(changed))
    return rest


def _segments(segments: list[Any], corrections: Corrections) -> list[Any]:
    """The segments as people have them; where some were regrouped, all are numbered anew."""
    found: list[Any] = []
    index = 0
    while index < len(segments):
        run = corrections.regrouped.get(index)
        if run is None:
            found.append(_segment(index, segments[index], corrections))
            index += 1
        else:
            found += regrouped(segments[index : run.last + 1], run, corrections.speakers)
            index = run.last + 1
    if not corrections.regrouped:
        return found
    is_numbered = [isinstance(each, Mapping) and "id" in each for each in found]
    return [{**each, "id": n} if is_numbered[n] else each for n, each in enumerate(found)]


def _segment(index: int, segment: Any, corrections: Corrections) -> Any:
    if not isinstance(segment, Mapping):
        return segment
    changed = dict(segment)
    words = segment.get("words")
    if index in corrections.texts:
        text, told = corrections.texts[index], segment.get("text")
        is_spaced = isinstance(told, str) and told.startswith(" ")
        changed["text"] = f" {text.lstrip()}" if is_spaced else text
        if isinstance(words, list):
            span = (segment["start"], segment["end"]) if is_timed(segment) else ()
            words = retimed(words, text, *span)
    speaker = segment.get("speaker")
    if isinstance(speaker, str):
        speaker = corrections.speakers.final(corrections.speakers.moved.get(index, speaker))
        changed["speaker"] = speaker
        if isinstance(words, list):
            words = [{**word, "speaker": speaker} for word in maps(words)]
    return changed | ({"words": words} if "words" in segment else {})


def _speakers(result: Mapping[str, Any], segments: list[Any], corrections: Corrections) -> dict[str, Any]:
    """`speakers`, and `turns` where there are any, after naming, merging and moving."""
    changes = corrections.speakers
    # Turns know nothing of segments: where one was moved, those of the segments are what people see.
    told = _utterances(segments) if _are_moved(result, corrections) else maps(result.get("turns"))
    turns = _united(
        [
            {name: value for name, value in each.items() if name != "text"}
            | {"speaker": changes.final(each["speaker"])}
            for each in told
            if is_timed(each) and isinstance(each.get("speaker"), str)
        ]
    )
    speakers = [
        {**each, "name": changes.names.get(each["id"], each.get("name")), "seconds": _spoken(each, turns)}
        for each in maps(result.get("speakers"))
        if isinstance(each.get("id"), str) and changes.final(each["id"]) == each["id"]
    ]
    return {"speakers": speakers} | ({"turns": turns} if "turns" in result else {})


def _are_moved(result: Mapping[str, Any], corrections: Corrections) -> bool:
    """Whether somebody else says a word than the service told, names and mergers left out."""
    if corrections.speakers.moved:
        return True
    segments = result["segments"]
    for first, run in corrections.regrouped.items():
        told = {each.get("speaker") for each in maps(segments[first : run.last + 1])}
        if len(told) > 1 or any(piece.speaker is not None for piece in run.pieces):
            return True
    return False


def _united(turns: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Turns of one speaker that overlap since two became one are one turn; whose turns overlap is told."""
    found: list[dict[str, Any]] = []
    last: dict[str, dict[str, Any]] = {}
    for turn in sorted(turns, key=lambda each: (each["start"], each["end"])):
        own = last.get(turn["speaker"])
        if own is not None and turn["start"] < own["end"]:
            own["end"] = max(own["end"], turn["end"])
        else:
            last[turn["speaker"]] = {**turn, "overlap": False}
            found.append(last[turn["speaker"]])
    for place, turn in enumerate(found):
        for other in islice(found, place + 1, None):
            if other["start"] >= turn["end"]:
                break
            if turn["start"] < other["end"]:
                turn["overlap"] = other["overlap"] = True
    return found


def _spoken(speaker: Mapping[str, Any], turns: Sequence[Mapping[str, Any]]) -> float:
    """Seconds of somebody's turns."""
    spans = [turn["end"] - turn["start"] for turn in turns if turn["speaker"] == speaker["id"]]
    return round(float(sum(spans)), 3)


def _utterances(segments: list[Any]) -> Iterator[dict[str, Any]]:
    """What somebody says until somebody else does: segments of one speaker together."""
    for speaker, group in groupby(maps(segments), key=lambda segment: segment.get("speaker")):
        said = list(group)
        text = " ".join(str(segment.get("text", "")).strip() for segment in said)
        yield {"start": said[0].get("start"), "end": said[-1].get("end"), "speaker": speaker, "text": text}
