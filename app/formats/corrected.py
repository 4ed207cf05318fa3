"""A stored result with the corrections of people in it: texts, word times and speakers."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from app.schemas.corrections import Corrections, SpeakerChanges

LEAST_ALIKE = 0.4
"""Share of common words below which a text was written anew."""


def corrected(result: Mapping[str, Any], corrections: Corrections) -> dict[str, Any]:
    """The result with them applied; one of a foreign worker stays as it is where it is not understood."""
    segments = result.get("segments")
    if not isinstance(segments, list):
        return dict(result)
    changed = [_segment(index, each, corrections) for index, each in enumerate(segments)]
    rest = dict(result)
    if corrections.texts:
        texts = [each.get("text") for each in changed if isinstance(each, Mapping)]
        rest["text"] = " ".join(text.strip() for text in texts if isinstance(text, str) and text.strip())
    if corrections.speakers != SpeakerChanges():
        rest.pop("utterances", None)  # segments tell the same
        rest |= _speakers(result, corrections.speakers)
    return rest | {"segments": changed, "edited": True}


def _segment(index: int, segment: Any, corrections: Corrections) -> Any:
    if not isinstance(segment, Mapping):
        return segment
    changed = dict(segment)
    if index in corrections.texts:
        changed["text"] = corrections.texts[index]
        words = segment.get("words")
        if isinstance(words, list):
            changed["words"] = retimed(words, corrections.texts[index])
    told = segment.get("speaker")
    if isinstance(told, str):
        changed["speaker"] = corrections.speakers.final(corrections.speakers.moved.get(index, told))
        words = changed.get("words")
        if isinstance(words, list):
            changed["words"] = [{**word, "speaker": changed["speaker"]} for word in words]
    return changed


def _speakers(result: Mapping[str, Any], changes: SpeakerChanges) -> dict[str, Any]:
    """`speakers` and `turns` after merging and naming; seconds of merged ones are added up."""
    told = [each for each in _maps(result.get("speakers")) if isinstance(each.get("id"), str)]
    left = [each for each in told if changes.final(each["id"]) == each["id"]]
    speakers = [
        {
            **each,
            "name": changes.names.get(each["id"], each.get("name")),
            "seconds": round(sum(_seconds(one) for one in told if changes.final(one["id"]) == each["id"]), 3),
        }
        for each in left
    ]
    turns = [
        {**turn, "speaker": changes.final(turn["speaker"])} if isinstance(turn.get("speaker"), str) else turn
        for turn in _maps(result.get("turns"))
    ]
    return {"speakers": speakers} | ({"turns": turns} if "turns" in result else {})


def retimed(words: Sequence[Any], text: str) -> list[dict[str, Any]]:
    """The words of a text that was corrected, with times.

    Those that were said as they are written keep theirs. The others share the time of the words whose place
    they take, by their letters; where they take no place, they get the gap between their neighbours. In a
    text that has little in common with what was heard, words are alike by chance: it shares the whole time.
    """
    known = [word for word in words if isinstance(word, Mapping) and isinstance(word.get("word"), str)]
    written = text.split()
    before, after = [_plain(word["word"]) for word in known], [_plain(word) for word in written]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if known and matcher.ratio() < LEAST_ALIKE:
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


def _seconds(speaker: Mapping[str, Any]) -> float:
    seconds = speaker.get("seconds")
    return float(seconds) if isinstance(seconds, int | float) else 0.0
