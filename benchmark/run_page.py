"""The report of `benchmark.run`: what a stranger needs to choose a model and an engine."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.alignment import align
from benchmark.bootstrap import Interval
from benchmark.evaluation import Evaluation, most_accurate
from benchmark.files import environment, word_interval
from benchmark.groups import Group, Kind
from benchmark.page import (
    Cell,
    ClipView,
    Line,
    Page,
    Table,
    audio_sources,
    facts_of,
    figure_cell,
    pictures,
    write_page,
)
from benchmark.report import percent
from benchmark.results import FileScore, VariantScore
from benchmark.significance import Comparison

MOST_CLIPS = 200
"""Recordings in the report; of more, those with the highest error rates."""

FEW_WORDS = 1000
"""Below, even large differences may be chance."""

METHOD = (
    "Word error rate: substituted, deleted and inserted words over the words of all references, both texts "
    "normalised (English by Whisper's rules). Intervals: 95 %, by the bootstrap over recordings. "
    "Differences: matched pairs of MAPSSWE's segments (Gillick and Cox 1989), signs drawn at random, "
    "Holm's correction."
)


def write_run_page(path: Path, evaluation: Evaluation, plots: Sequence[Path], embed_mb: float) -> Path:
    """Write the report; returns its path."""
    clips = list(_clips(path, evaluation, embed_mb))
    total = len(evaluation.recordings)
    shown = f"The {len(clips)} worst of {total} recordings." if len(clips) < total else "Worst first."
    page = Page(
        title="Which model, engine and settings",
        subtitle=f"{total} recordings, {_minutes(evaluation):.1f} minutes.",
        verdicts=list(_verdicts(evaluation)),
        tables=[
            _summary(evaluation.scores),
            *comparison_table(evaluation.comparisons),
            *_groups(evaluation.groups),
        ],
        pictures=pictures(plots),
        clips=clips,
        clips_note=shown,
        last_tables=_problems(evaluation),
        facts=[("Method", METHOD), *facts_of(environment())],
    )
    return write_page(path, page)


def _verdicts(evaluation: Evaluation) -> Iterator[str]:
    best = most_accurate(evaluation)
    if best:
        interval = interval_text(word_interval(best[0]))
        yield f"Fewest wrong words: {best[0].variant.label}, {_rate(best[0])} ({interval})."
        others = ", ".join(score.variant.label for score in best[1:])
        if others:
            yield f"These recordings cannot tell it from: {others}."
        timed = [score for score in best if score.times_real_time]
        if len(timed) > 1:
            fastest = max(timed, key=lambda score: score.times_real_time or 0)
            speed = f"{fastest.times_real_time:.1f} seconds of audio a second"
            yield f"Fastest of these: {fastest.variant.label}, {speed}."
        words = best[0].words.reference
        if words < FEW_WORDS:
            yield f"There are {words} words only: measure with more before you trust a small difference."
    if evaluation.problems:
        yield f"{len(evaluation.problems)} problems are listed below."


def _summary(scores: Sequence[VariantScore]) -> Table:
    headings = (
        "Model",
        "How",
        "Files",
        "WER %",
        "95 %",
        "CER %",
        "Substituted",
        "Deleted",
        "Invented",
        "Audio s per s",
        "Real-time factor",
        "Load s",
        "Peak MiB",
        "GPU MiB",
        "Wh per hour of audio",
    )
    rows = [_summary_row(score) for score in scores]
    note = "Click a heading to sort. Invented: words that were heard where nobody said them."
    return Table("Summary", headings, rows, note, texts=frozenset({0, 1}))


def _summary_row(score: VariantScore) -> list[Cell]:
    words, measured = score.words, score.measurement
    computed = " ".join(filter(None, (measured.device, measured.compute_type)))
    return [
        Cell(score.variant.model),
        Cell(f"{score.variant.how} ({computed})" if computed else score.variant.how),
        figure_cell(len(score.files), 0),
        figure_cell(percent(words)),
        Cell(interval_text(word_interval(score))),
        figure_cell(percent(score.characters)),
        *(figure_cell(count, 0) for count in (words.substitutions, words.deletions, words.insertions)),
        figure_cell(score.times_real_time),
        figure_cell(score.real_time_factor, 3),
        figure_cell(measured.load_seconds, 2),
        figure_cell(measured.peak_memory_mb, 0),
        figure_cell(measured.gpu_peak_mb, 0),
        figure_cell(score.watt_hours_per_hour, 2),
    ]


def comparison_table(pairs: Sequence[Comparison]) -> list[Table]:
    """All pairs; none where there is one variant only."""
    rows = [
        [
            Cell(pair.first),
            Cell(pair.second),
            figure_cell(100 * pair.difference, 1),
            Cell(interval_text(pair.interval)),
            figure_cell(pair.p, 4),
            Cell(pair.better or "may be chance"),
        ]
        for pair in pairs
    ]
    headings = ("First", "Second", "Points", "95 %", "p", "Better")
    note = "First minus second, in points of the word error rate, on the recordings that both transcribed."
    return [Table("Differences", headings, rows, note, texts=frozenset({0, 1, 5}))] if rows else []


def _groups(groups: Sequence[Group]) -> Iterator[Table]:
    for kind in Kind:
        rows = [
            [
                Cell(group.name),
                Cell(group.label),
                figure_cell(group.files, 0),
                figure_cell(percent(group.words)),
                Cell(interval_text(group.interval)),
                figure_cell(group.words.insertions, 0),
            ]
            for group in groups
            if group.kind is kind
        ]
        headings = (kind.value.capitalize(), "Model and engine", "Files", "WER %", "95 %", "Invented")
        if rows:
            yield Table(f"By {kind.value}", headings, rows, texts=frozenset({0, 1}))


def _problems(evaluation: Evaluation) -> list[Table]:
    rows = [
        [Cell(where), Cell(problem.name or "all"), Cell(problem.message)]
        for where, problem in evaluation.problems
    ]
    headings = ("Where", "Recording", "What happened")
    return [Table("Problems", headings, rows, texts=frozenset({0, 1, 2}))] if rows else []


def _clips(page: Path, evaluation: Evaluation, embed_mb: float) -> Iterator[ClipView]:
    by_name: dict[str, list[tuple[str, FileScore]]] = {each.name: [] for each in evaluation.recordings}
    for score in evaluation.scores:
        for file in score.files:
            by_name.setdefault(file.transcription.name, []).append((score.variant.label, file))
    heard = [name for name, files in by_name.items() if files]
    worst = sorted(heard, key=lambda name: (-_worst(by_name[name]), name))[:MOST_CLIPS]
    paths = {each.name: each.audio for each in evaluation.recordings}
    sources = audio_sources([paths[name] for name in worst if name in paths], page, embed_mb)
    for name in worst:
        source = sources.get(paths[name]) if name in paths else None
        lines = [_line(label, file, evaluation.language) for label, file in by_name[name]]
        yield ClipView(name, source, lines)


def _worst(files: Sequence[tuple[str, FileScore]]) -> float:
    return max((file.words.rate or 0.0 if file.words else 0.0) for _, file in files)


def _line(label: str, file: FileScore, language: str | None) -> Line:
    text = file.transcription.text
    if file.reference is None or file.words is None:
        return Line(f"{label}: no reference", (), text)
    wrong = f"{file.words.total} of {file.words.reference} words wrong"
    return Line(f"{label}: {wrong}", align(file.reference, text, language), text)


def _rate(score: VariantScore) -> str:
    return f"{100 * (score.words.rate or 0):.1f} % of {score.words.reference} words"


def interval_text(interval: Interval | None) -> str:
    """In per cent."""
    return "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"


def _minutes(evaluation: Evaluation) -> float:
    return max((score.audio_seconds for score in evaluation.scores), default=0.0) / 60
