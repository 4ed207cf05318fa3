"""The report of `benchmark.load`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from benchmark.engine.report import machine
from benchmark.load.arrivals import Kind
from benchmark.load.figures import LoadFigures, efficiency
from benchmark.page import Cell, Page, Table, facts_of, figure_cell, pictures, without_unknown, write_page
from benchmark.plots import COLOURS

METHOD = (
    "Each load has a service of its own: Redis, API, workers. A recording's time runs from its first byte "
    "sent to the answer that it is done. Throughput counts what is done after the first 15 % of the time. "
    "Efficiency is throughput over that of one worker times their number. A process counts with its "
    "children (readers of an engine). GPUs and energy are the machine's, with all that ran on it: busy is "
    "the share of time in which a GPU had work, whatever part of it that took."
)


def write_load_page(path: Path, figures: Sequence[LoadFigures], engine: str, plots: Sequence[Path]) -> Path:
    """Write the report; returns its path. `engine` says what worked."""
    page = Page(
        title="The service under load",
        subtitle=engine,
        verdicts=list(_verdicts(figures)),
        tables=[without_unknown(_loads(figures)), _processes(figures)],
        pictures=pictures(plots),
        last_tables=_errors(figures),
        facts=[("Method", METHOD), *facts_of(machine())],
    )
    return write_page(path, page)


def _verdicts(figures: Sequence[LoadFigures]) -> Iterator[str]:
    for each in figures:
        done = f"half of the recordings were done within {each.done_seconds[0]:.1f} s"
        speed = f"{each.audio_hours_per_hour:.1f} hours of audio an hour"
        yield f"{_workers(each)}, {each.arrivals}: {speed}; {done}, 95 % within {each.done_seconds[1]:.1f} s."
        share = efficiency(each, figures)
        if share is not None:
            yield f"{_workers(each)} do {100 * share:.0f} % of what as many single ones would."


def _workers(figures: LoadFigures) -> str:
    return f"{figures.workers} worker{'s' if figures.workers != 1 else ''}"


def _loads(figures: Sequence[LoadFigures]) -> Table:
    headings = (
        *("Load", "Workers", "Sent", "Failed", "Audio hours an hour", "Efficiency"),
        *("Done p50, s", "p95", "p99", "Oldest waited, s", "Most waiting"),
        *("GPU busy", "GPU peak MiB", "Energy, J"),
    )
    rows = [
        [
            Cell(str(each.arrivals)),
            figure_cell(each.workers, 0),
            figure_cell(each.sent, 0),
            figure_cell(each.failed, 0),
            figure_cell(each.audio_hours_per_hour),
            figure_cell(efficiency(each, figures), 2),
            *(figure_cell(seconds, 2) for seconds in each.done_seconds),
            figure_cell(each.oldest_seconds, 1),
            figure_cell(each.most_waiting, 0),
            figure_cell(_percent(each.machine.gpu_busy), 0, " %"),
            figure_cell(each.machine.gpu_peak_mb, 0),
            figure_cell(each.machine.joules, 0),
        ]
        for each in figures
    ]
    return Table("Loads", headings, rows)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _processes(figures: Sequence[LoadFigures]) -> Table:
    rows = [
        [
            Cell(str(each.arrivals)),
            Cell(_workers(each)),
            Cell(name),
            figure_cell(use.peak_mb, 0),
            figure_cell(use.cores, 2),
        ]
        for each in figures
        for name, use in each.processes.items()
    ]
    headings = ("Load", "Workers", "Process", "Peak MiB", "Cores")
    return Table("Processes", headings, rows, texts=frozenset({0, 1, 2}))


def _errors(figures: Sequence[LoadFigures]) -> list[Table]:
    rows = [[Cell(str(each.arrivals)), Cell(error)] for each in figures for error in each.errors]
    return [Table("Errors", ("Load", "What happened"), rows, texts=frozenset({0, 1}))] if rows else []


def write_plot(folder: Path, figures: Sequence[LoadFigures]) -> list[Path]:
    """Throughput by workers, where there are several numbers of them under the same closed load."""
    closed = [each for each in figures if each.arrivals.kind is Kind.CLOSED]
    if len({each.workers for each in closed}) < 2:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(9, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for colour, load in zip(COLOURS, dict.fromkeys(each.arrivals for each in closed), strict=False):
        same = sorted((each.workers, each.audio_hours_per_hour) for each in closed if each.arrivals == load)
        workers, speeds = zip(*same, strict=True)
        axes.plot(workers, speeds, "o-", color=colour, label=str(load))
        ideal = [speeds[0] * each / workers[0] for each in workers]
        axes.plot(workers, ideal, "--", color=colour, linewidth=1)
    axes.set_xticks(sorted({each.workers for each in closed}))
    axes.set_xlabel("Workers")
    axes.set_ylabel("Hours of audio an hour (dashed: as many single workers)")
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    path = folder / "load.png"
    figure.savefig(path, dpi=120)
    return [path]
