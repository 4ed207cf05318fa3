"""How many people speak, in a client's words: a number, or the least and the greatest."""

import re
from typing import NamedTuple

MOST_SPEAKERS = 15
"""More voices are not told apart reliably; who expects more has the others counted among these."""

_COUNT = re.compile(r"\s*([0-9]{1,3})\s*(?:-\s*([0-9]{1,3})\s*)?")


class SpeakerRange(NamedTuple):
    """At least, at most; the same number twice where it is known."""

    least: int
    most: int


def speaker_range(value: object) -> SpeakerRange:
    """From `3`, `"3"`, `"2-5"` or `[2, 5]`. Raises ValueError, saying what is allowed."""
    found = _numbers(value)
    if found is None or not 1 <= found.least <= found.most <= MOST_SPEAKERS:
        raise ValueError(f"a number from 1 to {MOST_SPEAKERS}, or two such as 2-5, the smaller one first")
    return found


def _numbers(value: object) -> SpeakerRange | None:
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(each, int) for each in value):
        return SpeakerRange(*value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    match = _COUNT.fullmatch(str(value))
    return SpeakerRange(int(match[1]), int(match[2] or match[1])) if match else None
