"""Words of a text that people wrote, with the times of the words that were heard in its place."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from app.core.validation import number_within
from app.formats.phrases import LATEST

LEAST_ALIKE = 0.4
"""Share of common words below which a text was written anew."""

MOST_PAIRS = 100_000
"""Of equal words, one heard and one written, that are compared: for a thousand times `no, yes` that takes ten
seconds. Texts of one segment have more only where all is one segment, or the model was caught in a loop."""


def retimed(words: list[Any], text: str, start: float = 0.0, end: float = 0.0) -> list[dict[str, Any]]:
    """The words of a text that was corrected, with times.

    Those that were said as they are written keep theirs. The others share the time of the words whose place
    they take, by their letters; where they take no place, they get the gap between their neighbours. In a
    text that has little in common with what was heard, words are alike by chance: it shares the whole time.
    Where no word was heard, it shares the time from `start` to `end`, in seconds.
    """
    known = [word for word in maps(words) if isinstance(word.get("word"), str) and is_timed(word)]
    written = text.split()
    if not known:
        return _unspaced(list(shared(written, start, end)))
    before, after = [_plain(word["word"]) for word in known], [_plain(word) for word in written]
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    if _pairs(before, after) > MOST_PAIRS or matcher.ratio() < LEAST_ALIKE:
        return list(shared(written, *_span(known, 0, len(known))))
    found: list[dict[str, Any]] = []
    for kind, one, two, begin, end in matcher.get_opcodes():
        if kind == "equal":
            pairs = zip(known[one:two], written[begin:end], strict=True)
            found += [{**word, "word": f" {new}"} for word, new in pairs]
        elif begin < end:
            found += shared(written[begin:end], *_span(known, one, two))
    return found if str(known[0]["word"]).startswith(" ") else _unspaced(found)


def _unspaced(words: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The words, the first without the space before it."""
    return [{**word, "word": word["word"].lstrip()} for word in words[:1]] + words[1:]


def _pairs(before: Sequence[str], after: Sequence[str]) -> int:
    """How many pairs of equal words there are."""
    written = Counter(after)
    return sum(count * written[word] for word, count in Counter(before).items())


def _span(known: Sequence[Mapping[str, Any]], one: int, two: int) -> tuple[float, float]:
    """The time of the words from `one` to before `two`, or of the gap where there are none. Those of several
    segments may be in any order: people talk at the same time."""
    if one < two:
        start, end = float(known[one]["start"]), float(known[two - 1]["end"])
    else:
        start = float(known[one - 1]["end"]) if one else float(known[0]["start"])
        end = float(known[one]["start"]) if one < len(known) else start
    return start, max(start, end)


def shared(words: Sequence[str], start: float, end: float) -> Iterator[dict[str, Any]]:
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


def is_timed(value: Mapping[str, Any]) -> bool:
    """Whether it tells from when to when; a foreign worker may have written anything."""
    times = (value.get("start"), value.get("end"))
    return all(number_within(each, -LATEST, LATEST) is not None for each in times)


def maps(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []
