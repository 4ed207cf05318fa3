"""The figures as pictures: PNG files, in colours that colour-blind people can tell apart (Okabe and Ito)."""

from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmark.results import VariantScore

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

ERROR_LABELS = {"substitutions": "substituted", "deletions": "deleted", "insertions": "invented"}
"""Fields of Errors, in the words of the report's table."""

LEGEND_CHARACTERS = 100
"""About as many fit into one line below a plot."""

ROW_INCHES = 0.3
"""Height of one recording's row; each variant's mark needs some of it."""

MOST_FILES = 60
"""Recordings in the plot of single files; with more, those with the highest error rates are shown."""


def write_plots(folder: Path, scores: Sequence[VariantScore]) -> list[Path]:
    """Draw what there are figures for; returns the files. Variants without a transcript are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    timed = [score for score in scores if score.times_real_time is not None]
    judged = [score for score in scores if score.words.rate is not None]
    both = [score for score in judged if score in timed]
    drawings: list[tuple[str, list[VariantScore], Callable[[Sequence[VariantScore]], Figure]]] = [
        ("wer.png", judged, word_error_rates),
        ("speed.png", timed, speeds),
        ("accuracy-speed.png", both, accuracy_and_speed),
        ("wer-by-file.png", judged, file_error_rates),
    ]
    return [_save(folder / name, draw(shown)) for name, shown, draw in drawings if shown]


def word_error_rates(scores: Sequence[VariantScore]) -> Figure:
    """Bars of the pooled word error rate, divided into substitutions, deletions and insertions."""
    figure, axes = _bars_figure(len(scores))
    left = [0.0] * len(scores)
    for (kind, label), colour in zip(ERROR_LABELS.items(), COLOURS, strict=False):
        widths = [100 * getattr(score.words, kind) / score.words.reference for score in scores]
        axes.barh(range(len(scores)), widths, left=left, color=colour, label=label, height=0.6)
        left = [start + width for start, width in zip(left, widths, strict=True)]
    _write_beside(axes, left, [f"{total:.1f} %" for total in left])
    _name_rows(axes, scores)
    axes.set_xlabel("Word error rate, % of the reference's words (less is better)")
    axes.set_title(f"Accuracy over {_recordings(scores)}")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def speeds(scores: Sequence[VariantScore]) -> Figure:
    """Bars of seconds of audio per processing second."""
    figure, axes = _bars_figure(len(scores))
    values = [score.times_real_time or 0 for score in scores]
    axes.barh(range(len(scores)), values, color=COLOURS[0], height=0.6)
    _write_beside(axes, values, [f"{value:.1f} ×" for value in values])
    _name_rows(axes, scores)
    axes.axvline(1, color="black", linewidth=1, linestyle="--")
    axes.set_xlabel("Speed, seconds of audio per second (more is better; dashed: real time)")
    axes.set_title(f"Speed over {_recordings(scores)}")
    return figure


def accuracy_and_speed(scores: Sequence[VariantScore]) -> Figure:
    """Each variant as a point: the best ones lie at the lower right."""
    figure = Figure(figsize=(9, 5 + 0.2 * len(scores)), layout="constrained")
    axes = figure.subplots()
    for score, (colour, marker) in zip(scores, _styles(), strict=False):
        point = (score.times_real_time or 0, 100 * (score.words.rate or 0))
        axes.plot(
            *point, color=colour, marker=marker, markersize=10, linestyle="none", label=score.variant.label
        )
    axes.set_xlim(left=0, right=1.15 * max(score.times_real_time or 0 for score in scores))
    axes.set_ylim(bottom=0, top=max(1.0, 115 * max(score.words.rate or 0 for score in scores)))
    axes.set_xlabel("Speed, seconds of audio per second (more is better)")
    axes.set_ylabel("Word error rate, % (less is better)")
    axes.set_title("Accuracy against speed: the lower right is best")
    _tidy(axes)
    axes.grid(axis="both", color="0.9")
    _name_variants(figure, scores)
    return figure


def file_error_rates(scores: Sequence[VariantScore]) -> Figure:
    """One row for each recording, worst on top, one mark for each variant."""
    rates = [_rates(score) for score in scores]
    names = _worst_first(rates)
    shown = names[:MOST_FILES]
    row_inches = ROW_INCHES * max(1.0, len(scores) / 3)
    figure = Figure(figsize=(9, 2.5 + 0.2 * len(scores) + row_inches * len(shown)), layout="constrained")
    axes = figure.subplots()
    for number, (score, each, (colour, marker)) in enumerate(zip(scores, rates, _styles(), strict=False)):
        offset = 0.7 * ((number + 0.5) / len(scores) - 0.5)  # equal rates must not hide each other
        points = [(each[name], row + offset) for row, name in enumerate(shown) if name in each]
        axes.plot(
            *zip(*points, strict=True), color=colour, marker=marker, ls="none", label=score.variant.label
        )
    for row in range(0, len(shown), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="0.96", zorder=0)
    axes.set_yticks(range(len(shown)), [_shortened(name) for name in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(left=-0.02 * axes.get_xlim()[1], right=max(1.0, axes.get_xlim()[1]))
    axes.set_xlabel("Word error rate, % of the reference's words (less is better)")
    axes.set_title("Recordings, worst first" + (f" ({len(shown)} of {len(names)})" if shown != names else ""))
    _tidy(axes)
    axes.grid(axis="x", color="0.88")
    _name_variants(figure, scores)
    return figure


def _worst_first(rates: Sequence[dict[str, float]]) -> list[str]:
    names = {name for each in rates for name in each}
    return sorted(names, key=lambda name: (-max(each.get(name, 0.0) for each in rates), name))


def _rates(score: VariantScore) -> dict[str, float]:
    return {
        file.transcription.name: 100 * file.words.rate
        for file in score.files
        if file.words is not None and file.words.rate is not None
    }


def _styles() -> "cycle[tuple[str, str]]":
    # Seven colours with seven markers, shifted by one in each round: 49 pairs before one comes again.
    shifts = range(len(MARKERS))
    pairs = [
        (colour, MARKERS[(index + shift) % len(MARKERS)])
        for shift in shifts
        for index, colour in enumerate(COLOURS)
    ]
    return cycle(pairs)


def _bars_figure(rows: int) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(9, 1.8 + 0.55 * rows), layout="constrained")
    return figure, figure.subplots()


def _name_rows(axes: Axes, scores: Sequence[VariantScore]) -> None:
    axes.set_yticks(range(len(scores)), [f"{score.variant.model}\n{score.variant.how}" for score in scores])
    axes.set_ylim(len(scores) - 0.5, -0.5)
    _tidy(axes)
    axes.grid(axis="x", color="0.9")


def _name_variants(figure: Figure, scores: Sequence[VariantScore]) -> None:
    longest = max(len(score.variant.label) for score in scores)
    columns = max(1, LEGEND_CHARACTERS // (longest + 6))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)


def _tidy(axes: Axes) -> None:
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _write_beside(axes: Axes, ends: Sequence[float], labels: Sequence[str]) -> None:
    room = max(*ends, 0.1)
    for row, (end, label) in enumerate(zip(ends, labels, strict=True)):
        axes.text(end + 0.01 * room, row, label, va="center", backgroundcolor="white")
    axes.set_xlim(0, 1.15 * room)


def _recordings(scores: Sequence[VariantScore]) -> str:
    most = max(scores, key=lambda score: len(score.files))
    count = len(most.files)
    return f"{count} recording{'s' if count != 1 else ''}, {most.audio_seconds / 60:.1f} min"


def _shortened(name: str, length: int = 40) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"


def _save(path: Path, figure: Figure) -> Path:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=150)
    return path
