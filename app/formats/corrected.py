"""A stored result with the corrections of people in it: texts, word times and speakers."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import groupby, islice
from typing import Any

from app.core.utils import number_within
from app.formats.phrases import LATEST
from app.schemas.corrections import Corrections, SpeakerChanges

LEAST_ALIKE = 0.4
"""Share of common words below which a text was written anew."""

MOST_PAIRS = 100_000
"""Of equal words, one heard and one written, that are compared: for a thousand times `no, yes` that takes ten
seconds. Texts of one segment have more only where all is one segment, or the model was caught in a loop."""


def corrected(result: Mapping[str, Any], corrections: Corrections) -> dict[str, Any]:
    """The result with them applied; one of a foreign worker stays as it is where it is not understood."""
    segments = result.get("segments")
    if not isinstance(segments, list):
        return dict(result)
    changed = [_segment(index, each, corrections) for index, each in enumerate(segments)]
    rest = dict(result) | {"segments": changed, "edited": True}
    if corrections.texts:
        texts = [each.get("text") for each in changed if isinstance(each, Mapping)]
        rest["text"] = " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())
    if corrections.speakers != SpeakerChanges():
        rest |= _speakers(result, changed, corrections.speakers)
    if isinstance(result.get("utterances"), list):
        rest["utterances"] = list(_utterances(changed))
    return rest


def _segment(index: int, segment: Any, corrections: Corrections) -> Any:
    if not isinstance(segment, Mapping):
        return segment
    changed = dict(segment)
    words = segment.get("words")
    if index in corrections.texts:
        text, told = corrections.texts[index], segment.get("text")
        is_spaced = isinstance(told, str) and told.startswith(" ")
        changed["text"] = f" {text.lstrip()}" if is_spaced else text
        words = retimed(words, text) if isinstance(words, list) else words
    speaker = segment.get("speaker")
    if isinstance(speaker, str):
        speaker = corrections.speakers.final(corrections.speakers.moved.get(index, speaker))
        changed["speaker"] = speaker
        if isinstance(words, list):
            words = [{**word, "speaker": speaker} for word in _maps(words)]
    return changed | ({"words": words} if "words" in segment else {})


def _speakers(result: Mapping[str, Any], segments: list[Any], changes: SpeakerChanges) -> dict[str, Any]:
    """`speakers`, and `turns` where there are any, after naming, merging and moving."""
    # Turns know nothing of segments: where one was moved, those of the segments are what people see.
    told = _utterances(segments) if changes.moved else _maps(result.get("turns"))
    turns = _united(
        [
            {name: value for name, value in each.items() if name != "text"}
            | {"speaker": changes.final(each["speaker"])}
            for each in told
            if _is_timed(each) and isinstance(each.get("speaker"), str)
        ]
    )
    speakers = [
        {**each, "name": changes.names.get(each["id"], each.get("name")), "seconds": _spoken(each, turns)}
        for each in _maps(result.get("speakers"))
        if isinstance(each.get("id"), str) and changes.final(each["id"]) == each["id"]
    ]
    return {"speakers": speakers} | ({"turns": turns} if "turns" in result else {})


def _is_timed(value: Mapping[str, Any]) -> bool:
    """Whether it tells from when to when; a foreign worker may have written anything."""
    times = (value.get("start"), value.get("end"))
    return all(number_within(each, -LATEST, LATEST) is not None for each in times)


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
    for speaker, group in groupby(_maps(segments), key=lambda segment: segment.get("speaker")):
        said = list(group)
        text = " ".join(str(segment.get("text", "")).strip() for segment in said)
        yield {"start": said[0].get("start"), "end": said[-1].get("end"), "speaker": speaker, "text": text}


def retimed(words: list[Any], text: str) -> list[dict[str, Any]]:
    """The words of a text that was corrected, with times.

    Those that were said as they are written keep theirs. The others share the time of the words whose place
    they take, by their letters; where they take no place, they get the gap between their neighbours. In a
    text that has little in common with what was heard, words are alike by chance: it shares the whole time.
    """
    known = [word for word in _maps(words) if isinstance(word.get("word"), str) and _is_timed(word)]
    written = text.split()
    before, after = [_plain(word["word"]) for word in known], [_plain(word) for word in written]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if known and (_pairs(before, after) > MOST_PAIRS or matcher.ratio() < LEAST_ALIKE):
        return list(_shared(written, *_span(known, 0, len(known))))
    found: list[dict[str, Any]] = []
    for kind, one, two, begin, end in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(known[one:two], written[begin:end], strict=True)
            found += [{**word, "word": f" {new}"} for word, new in pairs]
        elif begin < end:
            found += _shared(written[begin:end], *_span(known, one, two))
    if found and not str(known[0]["word"] if known else "").startswith(" "):
        found[0]["word"] = found[0]["word"].lstrip()
    return found


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    """How many pairs of equal words there are."""
    written = Counter(after)
    return sum(count * written[word] for word, count in Counter(before).items())


def _span(known: Sequence[Mapping[str, Any]], one: int, two: int) -> tuple[float, float]:
    """The time of the words from `one` to before `two`, or of the gap where there are none."""
    if one < two:
        return float(known[one]["start"]), float(known[two - 1]["end"])
    start = float(known[one - 1]["end"]) if one else float(known[0]["start"]) if known else 0.0
    end = float(known[one]["start"]) if one < len(known) else start
    return start, max(start, end)


def _shared(words: Sequence[str], start: float, end: float) -> Iterator[dict[str, Any]]:
    """Words that share a span by their letters. Nobody asked a model of them: their probability is 1."""
    letters = sum(map(len, words))
    said = 0
    for word in words:
        begin = start + (end - start) * said / letters
        said += len(word)
        until = start + (end - start) * said / letters
        yield {"start": round(begin, 3), "end": round(until, 3), "word": f" {word}", "probability": 1.0}


def _plain(word: str) -> str:
    """What a word is compared by: punctuation and capitals are often all that is corrected."""
    return "".join(char for char in word.casefold() if char.isalnum()) or word.strip()


def _maps(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
