"""Diarization error rate (DER): missed speech, false alarms and confused speakers over all that is said.

As in NIST's Rich Transcription evaluations and pyannote.metrics, which would bring pandas, scipy and
scikit-learn along: overlapping speech counts once for each who speaks, names are mapped one to one in the
best way, and `collar` seconds on either side of each boundary of the reference may be forgiven.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

from app.formats.rttm import Turn


@dataclass(frozen=True, slots=True)
class Errors:
    """Seconds; `speech` is that of the reference."""

    speech: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confused: float = 0.0

    @property
    def rate(self) -> float:
        """The DER, as a share."""
        return (self.missed + self.false_alarm + self.confused) / self.speech if self.speech else 0.0

    def __add__(self, other: "Errors") -> "Errors":
        return Errors(
            self.speech + other.speech,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confused + other.confused,
        )


@dataclass(frozen=True, slots=True)
class _Cell:
    """Seconds in which nobody begins or ends, and who speaks."""

    seconds: float
    reference: frozenset[str]
    hypothesis: frozenset[str]


def read_rttm(path: Path) -> list[Turn]:
    """The turns of a file with one recording."""
    fields = [line.split() for line in path.read_text("utf-8").splitlines() if line.startswith("SPEAKER")]
    return [Turn(float(each[3]), float(each[3]) + float(each[4]), each[7]) for each in fields]


def errors_of(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], end: float, collar: float = 0.0
) -> Errors:
    """The errors in the first `end` seconds."""
    cells = list(_cells(reference, hypothesis, end, collar))
    names = _mapping(cells)
    total = Errors()
    for cell in cells:
        said, heard = len(cell.reference), len(cell.hypothesis)
        right = sum(names.get(name) in cell.hypothesis for name in cell.reference)
        counts = (said, max(0, said - heard), max(0, heard - said), min(said, heard) - right)
        total += Errors(*(cell.seconds * count for count in counts))
    return total


def _cells(
    reference: Sequence[Turn], hypothesis: Sequence[Turn], end: float, collar: float
) -> Iterator[_Cell]:
    edges = _edges(reference)
    forgiven = [(edge - collar, edge + collar) for edge in edges] if collar else []
    marks = {0.0, end, *edges, *_edges(hypothesis), *(mark for span in forgiven for mark in span)}
    for start, stop in pairwise(sorted(min(max(mark, 0.0), end) for mark in marks)):
        middle = (start + stop) / 2
        if stop <= start or any(first < middle < last for first, last in forgiven):
            continue
        yield _Cell(stop - start, _speaking(reference, middle), _speaking(hypothesis, middle))


def _edges(turns: Iterable[Turn]) -> set[float]:
    return {edge for turn in turns for edge in (turn.start, turn.end)}


def _speaking(turns: Iterable[Turn], time: float) -> frozenset[str]:
    return frozenset(turn.speaker for turn in turns if turn.start < time < turn.end)


def _mapping(cells: Iterable[_Cell]) -> Mapping[str, str]:
    """Names of the reference to those of the hypothesis, so that most seconds agree."""
    shared: dict[tuple[str, str], float] = {}
    for cell in cells:
        for pair in ((one, other) for one in cell.reference for other in cell.hypothesis):
            shared[pair] = shared.get(pair, 0.0) + cell.seconds
    names = sorted({one for one, _ in shared})

    @cache
    def best(place: int, taken: frozenset[str]) -> tuple[float, tuple[tuple[str, str], ...]]:
        """Of the names from `place` on: seconds that agree, and the pairs."""
        if place == len(names):
            return 0.0, ()
        choices = [best(place + 1, taken)]
        for (one, other), seconds in shared.items():
            if one == names[place] and other not in taken:
                later, pairs = best(place + 1, taken | {other})
                choices.append((seconds + later, ((one, other), *pairs)))
        return max(choices)

    return dict(best(0, frozenset())[1])
