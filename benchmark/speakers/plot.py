"""Turns drawn over time, those of a reference above those that were found."""

from collections.abc import Sequence
from pathlib import Path

from app.formats.rttm import Turn


def draw_turns(target: Path, found: Sequence[Turn], reference: Sequence[Turn] = ()) -> None:
    """Write a picture with a row for each speaker."""
    from matplotlib.figure import Figure

    rows = [("reference", turns) for turns in _by_speaker(reference)]
    rows += [("found", turns) for turns in _by_speaker(found)]
    figure = Figure(figsize=(12, 0.6 + 0.4 * max(1, len(rows))), layout="constrained")
    axes = figure.subplots()
    for place, (side, turns) in enumerate(rows):
        spans = [(turn.start, turn.end - turn.start) for turn in turns]
        axes.broken_barh(spans, (place - 0.4, 0.8), color="tab:gray" if side == "reference" else f"C{place}")
    axes.set_yticks(range(len(rows)), [f"{side} {turns[0].speaker}" for side, turns in rows])
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    figure.savefig(target)


def _by_speaker(turns: Sequence[Turn]) -> list[list[Turn]]:
    names = dict.fromkeys(turn.speaker for turn in turns)
    return [[turn for turn in turns if turn.speaker == name] for name in names]
