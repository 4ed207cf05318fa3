"""The figures as tables for people, in a terminal."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table

from benchmark.bootstrap import Interval
from benchmark.files import word_interval
from benchmark.groups import Group, Kind
from benchmark.results import Errors, Problem, VariantScore
from benchmark.significance import Comparison


def summary_table(scores: Sequence[VariantScore]) -> Table:
    """One row for each model and engine; fits into 80 columns."""
    table = Table(
        title="Accuracy and speed",
        caption="WER, CER: edits / length of all references; 95 %: interval of the WER. Words that were "
        "substituted, deleted, inserted. Speed: seconds of audio per second; RTF, the real-time factor: its "
        "inverse.",
        box=box.HORIZONTALS,
        show_lines=True,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("Model", overflow="fold")
    table.add_column("Engine", overflow="fold", min_width=16)
    for heading in ("Files", "WER %\n95 %\nCER %", "Subst.\nDel.\nIns.", "Speed\nRTF", "Load s\nPeak MiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for score in scores:
        table.add_row(*_cells(score))
    return table


def _cells(score: VariantScore) -> list[str]:
    words, measured = score.words, score.measurement
    computed = " ".join(filter(None, (measured.device, measured.compute_type)))
    beam = score.variant.beam_size
    engine = score.variant.engine.replace(" (", "\n(")
    return [
        score.variant.model,
        _lines(*filter(None, (engine, computed, f"beam {beam}" if beam else ""))),
        str(len(score.files)),
        _lines(
            _number(percent(words), 1), _interval(word_interval(score)), _number(percent(score.characters), 1)
        ),
        _lines(words.substitutions, words.deletions, words.insertions),
        _lines(f"{_number(score.times_real_time, 1)} ×", _number(score.real_time_factor, 3)),
        _lines(_number(measured.load_seconds, 2), _number(measured.peak_memory_mb, 0)),
    ]


def _lines(*parts: str | int) -> str:
    return "\n".join(map(str, parts))


def groups_table(kind: Kind, groups: Sequence[Group]) -> Table:
    """Word error rates in %, a row a group, a column a variant."""
    labels = list(dict.fromkeys(group.label for group in groups))
    table = Table(title=f"Word error rate by {kind.value}, %", box=box.HORIZONTALS)
    table.add_column(kind.value, overflow="fold")
    for label in labels:
        table.add_column(label, justify="right", overflow="fold")
    for name in dict.fromkeys(group.name for group in groups):
        own = {group.label: group for group in groups if group.name == name}
        table.add_row(name, *(_group_cell(own.get(label)) for label in labels))
    return table


def _group_cell(group: Group | None) -> str:
    if group is None:
        return "–"
    return f"{_number(percent(group.words), 1)}\n{_interval(group.interval)}"


def comparisons_table(pairs: Sequence[Comparison]) -> Table:
    """A row for each pair of variants."""
    table = Table(
        title="Differences",
        caption="First minus second, in points of the WER, with the 95 % interval. p: matched-pairs test.",
        box=box.HORIZONTALS,
    )
    for heading in ("First", "Second", "Points", "p", "Better"):
        table.add_column(heading, overflow="fold")
    for pair in pairs:
        points = f"{100 * pair.difference:+.1f}\n{_interval(pair.interval, sign='+', digits=1)}"
        table.add_row(pair.first, pair.second, points, f"{pair.p:.3f}", pair.better or "may be chance")
    return table


def problems_table(named: Iterable[tuple[str, Problem]]) -> Table:
    """What could not be measured; each pair is where it happened and what."""
    table = Table(title="Problems", box=box.HORIZONTALS)
    for heading in ("Where", "Recording", "What happened"):
        table.add_column(heading, overflow="fold")
    for where, problem in named:
        table.add_row(where, problem.name or "all", problem.message)
    return table


def percent(errors: Errors) -> float | None:
    """The rate in per cent."""
    return None if errors.rate is None else 100 * errors.rate


def interval_text(interval: Interval | None) -> str:
    """In per cent."""
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _interval(interval: Interval | None, sign: str = "", digits: int = 0) -> str:
    if interval is None:
        return "–"
    return " to ".join(f"{100 * bound:{sign}.{digits}f}" for bound in (interval.low, interval.high))


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
