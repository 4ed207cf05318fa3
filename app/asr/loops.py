"""Phrases that a decoder writes over and over, in scripts with and without spaces between words."""

import re
from dataclasses import dataclass

LEAST_TIMES = 3
LEAST_WEIGHT = 8.0
"""A phrase that is written at least so often in a row, together of at least this weight, is a loop: shorter
ones are speech."""

LETTER_WEIGHT = 0.4
"""Of a letter in a script without spaces between words; a word weighs 1."""

HEAVIEST_PHRASE = 24
"""Weight of the longest phrase that is looked for."""

_SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

_JOINT = "\u2010-\u2015…·/-"
"""Hyphens, dashes and the like, with which phrases are also strung together."""

_PIECE = re.compile(rf"\s*(?:[{_SPACELESS}]|[^\s{_SPACELESS}{_JOINT}]+[{_JOINT}]*|[{_JOINT}]+)")
_LETTER = re.compile(rf"\s*[{_SPACELESS}]")


@dataclass(frozen=True, slots=True)
class Loop:
    """A phrase of `length` pieces that begins with piece `first` and is written `times` times in a row."""

    first: int
    length: int
    times: int


def find_loop(text: str) -> Loop | None:
    """The first loop in a text, the shortest where several begin there."""
    return _loop_in(_PIECE.findall(text))


def without_loops(text: str) -> str:
    """The text with every loop written once."""
    pieces = _PIECE.findall(text)
    while (loop := _loop_in(pieces)) is not None:
        kept, after = loop.first + loop.length, loop.first + loop.length * loop.times
        pieces = pieces[:kept] + pieces[after:]
        text = "".join(pieces)
    return text


def _loop_in(pieces: list[str]) -> Loop | None:
    """The first loop in words, and letters that stand for themselves."""
    plain = [_plain(piece) for piece in pieces]
    weights = [LETTER_WEIGHT if _LETTER.match(piece) else 1.0 for piece in pieces]
    longest = min(round(HEAVIEST_PHRASE / min(weights, default=1.0)), len(pieces) // LEAST_TIMES)
    for length in range(1, longest + 1):
        run = 0
        for index in range(length, len(plain)):
            run = run + 1 if plain[index] == plain[index - length] else 0
            times = run // length + 1
            ends = index + 1 == len(plain) or plain[index + 1] != plain[index + 1 - length]
            if ends and times >= LEAST_TIMES:
                first = index - run - length + 1
                if sum(weights[first : first + times * length]) >= LEAST_WEIGHT:
                    return Loop(first, length, times)
    return None


def _plain(piece: str) -> str:
    """A piece as it sounds: without punctuation and case; what is only punctuation stays."""
    piece = piece.strip()
    return re.sub(r"[^\w]", "", piece).lower() or piece
