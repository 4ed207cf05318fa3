"""The engine's figures as tables and pictures."""

import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from rich import box
from rich.table import Table

from benchmark.bootstrap import Interval
from benchmark.engine.compare import Standing
from benchmark.plots import COLOURS
from benchmark.processor import processor_fields, processor_name
from benchmark.results import Errors


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    fields = processor_fields()
    flags = fields.get("flags", "").split()
    known = ("avx2", "avx512f", "avx512_vnni", "amx_int8")
    return {
        "processor": f"{processor_name()}, family {fields.get('cpu family', '?')}",
        "cores": os.cpu_count(),
        "instructions": [each for each in known if each in flags],
        "versions": {each: metadata.version(each) for each in ("faster-whisper", "ctranslate2")},
    }


def standings_table(name: str, standings: Sequence[Standing]) -> Table:
    """One row an entry; ratios are to the first."""
    table = Table(title=name, box=box.HORIZONTALS)
    table.add_column("entry")
    for heading in (
        "× real time",
        "first is … faster",
        "WER % (S/D/I)",
        "95 %",
        "minus first",
        "by language",
        "letters",
        "peak MiB",
        "device busy %",
    ):
        table.add_column(heading, justify="right")
    first = standings[0]
    for standing in standings:
        low, high = standing.spread
        errors = standing.errors["all"]
        edits = f"{errors.substitutions}/{errors.deletions}/{errors.insertions}"
        table.add_row(
            standing.entry.name,
            f"{standing.times_real_time:.1f} ({low:.1f}–{high:.1f})",
            f"{first.times_real_time / standing.times_real_time:.2f} ×",
            f"{_percent(errors)} ({edits})",
            _points(standing.interval),
            "" if standing is first else _points(standing.against_first, sign="+"),
            " ".join(f"{key} {_percent(each)}" for key, each in standing.errors.items() if key != "all"),
            str(sum(len(text) for text in standing.texts.values())),
            "–" if standing.peak_memory_mb is None else f"{standing.peak_memory_mb:.0f}",
            "–" if standing.device_busy is None else f"{100 * standing.device_busy:.1f}",
        )
    return table


def figures_table(name: str, figures: Mapping[str, object]) -> Table:
    """Name and value."""
    table = Table(title=name, box=box.HORIZONTALS, show_header=False)
    for key, value in figures.items():
        table.add_row(key.replace("_", " "), f"{value:.3f}" if isinstance(value, float) else str(value))
    return table


def write_plots(folder: Path, standings: Mapping[str, Sequence[Standing]]) -> list[Path]:
    """Speed against word error rate, one picture a part."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, entries in standings.items():
        if all(entry.errors["all"].rate is not None for entry in entries):
            path = folder / f"engine-{name.replace(', ', '-')}.png"
            _accuracy_and_speed(name, entries).savefig(path, dpi=120)
            written.append(path)
    return written


def _accuracy_and_speed(name: str, standings: Sequence[Standing]) -> Figure:
    figure = Figure(figsize=(9, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, standing in enumerate(standings):
        rate = 100 * (standing.errors["all"].rate or 0)
        axes.plot(standing.times_real_time, rate, "o", color=COLOURS[number % len(COLOURS)])
        axes.annotate(
            standing.entry.name, (standing.times_real_time, rate), xytext=(5, 4), textcoords="offset points"
        )
    axes.set_xlabel("Seconds of audio per second (more is better)")
    axes.set_ylabel("Word error rate, % (less is better)")
    axes.set_title(f"Accuracy and speed: {name}")
    axes.grid(alpha=0.3)
    axes.margins(x=0.12)
    return figure


def _percent(errors: Errors) -> str:
    return "–" if errors.rate is None else f"{100 * errors.rate:.1f}"


def _points(interval: Interval | None, sign: str = "") -> str:
    if interval is None:
        return "–"
    return f"{100 * interval.low:{sign}.1f} … {100 * interval.high:{sign}.1f}"
