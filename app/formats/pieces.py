"""A phrase cut into what a line may end after: words, Chinese and Japanese characters, parts of words."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from app.formats.phrases import Phrase

LINE_WIDTH = 42
"""Characters of a line; a wide one (Chinese, Japanese, Korean) counts as two."""

_IDEOGRAPH = re.compile(
    "[\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_NEVER_FIRST = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮーゝゞヽヾ々")
_OPENING = frozenset({"Ps", "Pi"})
_INVISIBLE = frozenset({"Mn", "Me", "Cf"})


@dataclass(frozen=True, slots=True)
class Piece:
    """Text that stays on one line; `is_spaced` says that a space parts it from the piece before."""

    text: str
    width: int
    is_spaced: bool
    start: float
    end: float


def pieces_of(phrase: Phrase) -> list[Piece]:
    """The pieces of a phrase; together they hold every letter of it once."""
    times = _letter_times(phrase)
    pieces: list[Piece] = []
    letters = 0
    for word in phrase.text.split():
        for number, (text, width) in enumerate(_parts(word)):
            start, end = times[letters][0], times[letters + len(text) - 1][1]
            pieces.append(Piece(text, width, number == 0 and bool(pieces), start, end))
            letters += len(text)
    return pieces


def width_of(text: str) -> int:
    """Columns that a text takes."""
    return sum(map(_width, text))


def is_ideograph(char: str) -> bool:
    """Whether a line may end beside it without a space: Chinese characters and kana, not Korean."""
    return _IDEOGRAPH.match(char) is not None


@lru_cache(maxsize=4096)
def _width(char: str) -> int:
    if unicodedata.category(char) in _INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _letter_times(phrase: Phrase) -> list[tuple[float, float]]:
    """When each letter is said: its share of its word, or of the phrase where the words do not spell that."""
    spelt = "".join(_letters(word.text) for word in phrase.words)
    times: list[tuple[float, float]] = []
    start = end = phrase.start
    for part in phrase.words if spelt == _letters(phrase.text) else (phrase,):
        start = min(max(part.start, end), phrase.end)
        end = min(max(part.end, start), phrase.end)
        count, seconds = len(_letters(part.text)), end - start
        times += [
            (start + seconds * place / count, start + seconds * (place + 1) / count) for place in range(count)
        ]
    return times


def _letters(text: str) -> str:
    return text.replace(" ", "")


@lru_cache(maxsize=4096)
def _parts(word: str) -> tuple[tuple[str, int], ...]:
    """The pieces of a word and their widths; most words of a transcript come again and again."""
    return tuple((part, width_of(part)) for part in _cut(word))


def _cut(word: str) -> Iterator[str]:
    part, width = "", 0
    for glyph in _glyphs(word):
        added = width_of(glyph)
        if part and (width + added > LINE_WIDTH or _may_part(part[-1], glyph[0])):
            yield part
            part, width = "", 0
        part += glyph
        width += added
    yield part


def _glyphs(word: str) -> Iterator[str]:
    """Characters together with the accents and joiners that follow them."""
    start = 0
    for place in range(1, len(word)):
        if _width(word[place]):
            yield word[start:place]
            start = place
    yield word[start:]


def _may_part(before: str, after: str) -> bool:
    """Chinese and Japanese line breaking (kinsoku): no line begins with a closing mark or ends with `「`."""
    if not (is_ideograph(before) or is_ideograph(after)) or after in _NEVER_FIRST:
        return False
    category = unicodedata.category(after)
    closes = category.startswith("P") and category not in _OPENING
    return not closes and unicodedata.category(before) not in _OPENING
