"""Pieces laid out as subtitles: which share one, and where its lines end.

The numbers are those of the Netflix Timed Text Style Guide (General Requirements; English): 2 lines of 42
characters, 5/6 s to 7 s a subtitle. It and the BBC Subtitle Guidelines (3.4 "Break at natural points") ask
for breaks after punctuation and before conjunctions, not between an article or preposition and its noun.
"""

import math
import re
from collections.abc import Sequence
from itertools import accumulate, pairwise

from app.formats.pieces import LINE_WIDTH, Piece, is_ideograph

LONGEST_SECONDS = 7.0
SHORTEST_SECONDS = 1.0
"""Rounded up from 5/6 s: that counts frames of films."""
BRIEF_SECONDS = 5 / 6
"""A subtitle that the next one leaves less time than that is worse than any break."""

AFTER_SENTENCE, AFTER_CLAUSE, BEFORE_CONJUNCTION = 0.0, 0.5, 1.2
AT_SPACE, AFTER_SHORT_WORD, BESIDE_IDEOGRAPH, WITHIN_WORD = 2.5, 3.0, 3.0, 4.0
"""What a break costs; one subtitle more costs 1."""

BRIEF = 5.0
"""What it costs that a subtitle has less than BRIEF_SECONDS."""

IMBALANCE = 3.0
"""What it costs that one of two lines is empty."""

_PAUSE_SECONDS = 0.5
"""A silence that is as good as a comma."""
_SHORT_WORD_LETTERS = 3
"""Articles and prepositions of most languages are no longer, and should not end a line."""
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»」』)\]]*$")
_CLAUSE_END = re.compile(r"[,;:،、，；：—–-]+[\"'”’»」』)\]]*$")
_CONJUNCTION = re.compile(
    "and|but|or|nor|so|yet|because|that|which|who|when|where|while|if|though|although|since|until|unless|than|"
    "и|а|но|или|либо|что|чтобы|котор(ый|ая|ое|ые)|когда|где|если|хотя|потому|поэтому|пока|как|чем",
    re.IGNORECASE,
)


def subtitles_of(
    pieces: Sequence[Piece], label_width: int = 0, limit: float = math.inf
) -> list[Sequence[Piece]]:
    """The cheapest division of a phrase into subtitles, each of at most two lines and 7 s.

    Few subtitles are cheap, full ones, such as end where a sentence does, and such as need not go at once. A
    label before each takes `label_width` columns of its first line. At `limit`, in seconds, the next phrase
    begins.
    """
    count = len(pieces)
    line_ends, offsets = _line_ends(pieces), _offsets(pieces)
    first_ends = _line_ends(pieces, LINE_WIDTH - label_width)
    breaks = [0.0, *(break_cost(before, after) for before, after in pairwise(pieces)), 0.0]
    starts = [*(piece.start for piece in pieces), limit]
    costs, origins = [0.0] + [math.inf] * count, [0] * (count + 1)
    for first in range(count):
        for end in range(first + 1, line_ends[first_ends[first]] + 1):
            seconds = pieces[end - 1].end - pieces[first].start
            if seconds > LONGEST_SECONDS and end > first + 1:
                break
            emptiness = 1 - (offsets[end] - offsets[first]) / (2 * LINE_WIDTH)
            cost = costs[first] + 1 + emptiness**2 + breaks[end]
            if starts[end] - starts[first] < BRIEF_SECONDS:
                cost += BRIEF
            if cost < costs[end]:
                costs[end], origins[end] = cost, first
    return _divided(pieces, origins)


def text_of(pieces: Sequence[Piece], label_width: int = 0) -> str:
    """The text of a subtitle, in one line if it fits, else in two that are cut well and alike in length."""
    offsets = _offsets(pieces)
    if _width(pieces, offsets, 0, len(pieces)) + label_width <= LINE_WIDTH or len(pieces) == 1:
        return _joined(pieces)
    places = range(1, len(pieces))
    best = min(places, key=lambda place: _line_break_cost(pieces, offsets, place, label_width))
    return f"{_joined(pieces[:best])}\n{_joined(pieces[best:])}"


def width_of_line(pieces: Sequence[Piece]) -> int:
    """Columns of pieces that stand on one line."""
    return _width(pieces, _offsets(pieces), 0, len(pieces))


def break_cost(before: Piece, after: Piece) -> float:
    """How bad it is to break between two neighbours."""
    if not after.is_spaced and not is_ideograph(before.text[-1]) and not is_ideograph(after.text[0]):
        return WITHIN_WORD if before.text[-1].isalnum() else AT_SPACE
    # `т. е.` and `e.g. this` are no ends of sentences.
    if _SENTENCE_END.search(before.text) and not after.text[0].islower():
        return AFTER_SENTENCE
    if _CLAUSE_END.search(before.text) or after.start - before.end >= _PAUSE_SECONDS:
        return AFTER_CLAUSE
    if _CONJUNCTION.fullmatch(after.text.rstrip(",")):
        return BEFORE_CONJUNCTION
    if not after.is_spaced:
        return BESIDE_IDEOGRAPH
    return AFTER_SHORT_WORD if len(before.text) <= _SHORT_WORD_LETTERS else AT_SPACE


def _line_break_cost(pieces: Sequence[Piece], offsets: Sequence[int], place: int, label_width: int) -> float:
    """How bad two lines are that part before `place`."""
    above = _width(pieces, offsets, 0, place) + label_width
    below = _width(pieces, offsets, place, len(pieces))
    if max(above, below) > LINE_WIDTH:
        return math.inf
    return break_cost(pieces[place - 1], pieces[place]) + IMBALANCE * abs(above - below) / LINE_WIDTH


def _line_ends(pieces: Sequence[Piece], width: int = LINE_WIDTH) -> list[int]:
    """For each piece, the end of the longest line that begins with it; one more entry for the end itself.

    A line has at least one piece.
    """
    offsets = _offsets(pieces)
    ends: list[int] = []
    end = 0
    for first, piece in enumerate(pieces):
        end = max(end, first + 1)
        while end < len(pieces) and offsets[end + 1] - offsets[first] - piece.is_spaced <= width:
            end += 1
        ends.append(end)
    return [*ends, len(pieces)]


def _offsets(pieces: Sequence[Piece]) -> list[int]:
    """Columns before each piece, were all on one line; the last entry is the width of all."""
    return list(accumulate((piece.width + piece.is_spaced for piece in pieces), initial=0))


def _width(pieces: Sequence[Piece], offsets: Sequence[int], first: int, end: int) -> int:
    """Columns of `pieces[first:end]` on one line."""
    return offsets[end] - offsets[first] - pieces[first].is_spaced


def _divided(pieces: Sequence[Piece], origins: Sequence[int]) -> list[Sequence[Piece]]:
    subtitles: list[Sequence[Piece]] = []
    end = len(pieces)
    while end:
        subtitles.append(pieces[origins[end] : end])
        end = origins[end]
    return subtitles[::-1]


def _joined(pieces: Sequence[Piece]) -> str:
    return "".join(" " + piece.text if piece.is_spaced else piece.text for piece in pieces).lstrip(" ")
