"""The report of `benchmark.run`: what a stranger needs to choose a model and an engine."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.alignment import align
from benchmark.evaluation import Evaluation, recommended
from benchmark.files import environment, word_interval
from benchmark.groups import Group, Kind
from benchmark.languages import UNKNOWN, language_name
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
    without_unknown,
    write_page,
)
from benchmark.report import interval_text, percent
from benchmark.results import FileScore, VariantScore
from benchmark.significance import Comparison
from benchmark.variants.kinds import described
from benchmark.verdicts import settings_lines, verdicts

MOST_CLIPS = 200
"""Recordings in the report; of more, those with the highest error rates."""

METHOD = (
    "Word error rate: substituted, deleted and inserted words over the words of all references, both texts "
    "normalised (English by Whisper's rules). Intervals: 95 %, by the bootstrap over recordings, each with "
    "all its variants. Differences: matched pairs of MAPSSWE's segments (Gillick and Cox 1989), signs drawn "
    "at random, Holm's correction."
)

SUMMARY_NOTE = (
    "WER, the word error rate: wrong words for 100 that were said, invented ones included, so that it may "
    "exceed 100; CER: the same of characters. 95 %: where the WER would be with other recordings of the "
    "kind. Substituted: words that were taken for others. Deleted: said, but not heard. Invented: heard "
    "where nobody said them. Speed: seconds of audio transcribed in a second on this machine, one recording "
    "after another, and less where it was busy with other work; the real-time factor is its inverse. Peak: "
    "memory. The bold row is what to take. Click a heading to sort."
)

COMPARISON_NOTE = (
    "First minus second, in points of the word error rate, on the recordings that both transcribed. p: how "
    "often chance alone makes such a difference between equals, corrected for the number of pairs (the "
    "interval is not); below 0.05, one is called better."
)

GROUP_NOTES = {
    Kind.VARIANT: "Word error rate in %, and its 95 % interval, by what was done to the recordings: what "
    "their names have behind that of the text.",
    Kind.LANGUAGE: "Word error rate in %, and its 95 % interval, by the language spoken. There is none of a "
    "single text.",
}


def write_run_page(path: Path, evaluation: Evaluation, plots: Sequence[Path], embed_mb: float) -> Path:
    """Write the report; returns its path."""
    clips = list(_clips(path, evaluation, embed_mb))
    total = len(evaluation.recordings)
    shown = f"The {len(clips)} worst of {total} recordings." if len(clips) < total else "Worst first."
    headline, *others = [*verdicts(evaluation)] or [""]
    page = Page(
        title="Which model, engine and settings",
        subtitle=_recordings(evaluation),
        headline=headline,
        verdicts=others,
        settings=settings_lines(evaluation),
        tables=[
            _summary(evaluation),
            *comparison_table(evaluation.comparisons),
            *_groups(evaluation.groups),
        ],
        pictures=pictures(plots),
        clips=clips,
        clips_note=shown,
        last_tables=_problems(evaluation),
        facts=[
            ("method", METHOD),
            ("language", evaluation.language or "detected in each recording"),
            *facts_of(environment()),
        ],
    )
    return write_page(path, page)


def _recordings(evaluation: Evaluation) -> str:
    """How many there are, of what."""
    texts = f" of {evaluation.texts} different texts" if evaluation.texts else ""
    counts = Counter(language for language in evaluation.languages.values() if language != UNKNOWN)
    spoken = ", ".join(f"{language_name(code)} {count}" for code, count in counts.most_common())
    minutes = f"{len(evaluation.recordings)} recordings{texts}, {_minutes(evaluation):.1f} minutes"
    return f"{minutes}: {spoken}." if spoken else f"{minutes}."


def _summary(evaluation: Evaluation) -> Table:
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
        "Speed",
        "Real-time factor",
        "Load s",
        "Peak MiB",
        "GPU MiB",
        "Wh per hour of audio",
    )
    scores, choice = evaluation.scores, recommended(evaluation)
    marked = scores.index(choice) if choice is not None else None
    rows = [_summary_row(score) for score in scores]
    table = Table("Summary", headings, rows, SUMMARY_NOTE, texts=frozenset({0, 1}), marked=marked)
    return without_unknown(table)


def _summary_row(score: VariantScore) -> list[Cell]:
    words, measured = score.words, score.measurement
    own = None if score.variant.compute_type else measured.compute_type
    computed = " ".join(filter(None, (measured.device, own)))
    return [
        Cell(score.variant.model),
        Cell(f"{score.variant.how} ({computed})" if computed else score.variant.how),
        figure_cell(len(score.files), 0),
        figure_cell(percent(words)),
        Cell(interval_text(word_interval(score))),
        figure_cell(percent(score.characters)),
        *(figure_cell(count, 0) for count in (words.substitutions, words.deletions, words.insertions)),
        figure_cell(score.times_real_time, unit=" ×"),
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
    texts = frozenset({0, 1, 5})
    return [Table("Differences", headings, rows, COMPARISON_NOTE, texts=texts)] if rows else []


def _groups(groups: Sequence[Group]) -> Iterator[Table]:
    """A table for each kind: a row a group, a column a variant of the plan."""
    for kind in Kind:
        own = [group for group in groups if group.kind is kind]
        labels = list(dict.fromkeys(group.label for group in own))
        rows = [
            _group_row(name, labels, [group for group in own if group.name == name])
            for name in dict.fromkeys(group.name for group in own)
        ]
        if rows:
            headings = (kind.value.capitalize(), "Files", *labels)
            names = [group.name for group in own] if kind is Kind.VARIANT else []
            known = "; ".join(filter(None, map(described, dict.fromkeys(names))))
            note = f"{GROUP_NOTES[kind]} {known}." if known else GROUP_NOTES[kind]
            yield Table(f"By {kind.value}", headings, rows, note)


def _group_row(name: str, labels: Sequence[str], groups: Sequence[Group]) -> list[Cell]:
    by_label = {group.label: group for group in groups}
    files = max(group.files for group in groups)
    shown = language_name(name) if groups[0].kind is Kind.LANGUAGE else name
    return [Cell(shown), figure_cell(files, 0), *(_group_cell(by_label.get(label)) for label in labels)]


def _group_cell(group: Group | None) -> Cell:
    rate = percent(group.words) if group else None
    interval = f" ({interval_text(group.interval)})" if group and group.interval else ""
    return figure_cell(rate, unit=interval)


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
        yield ClipView(name, source, lines, _wrong([file for _, file in by_name[name]]))


def _wrong(files: Sequence[FileScore]) -> str:
    """The word error rates of what was made of one recording, the lowest and the highest."""
    rates = sorted(file.words.rate for file in files if file.words and file.words.rate is not None)
    shown = list(dict.fromkeys(f"{100 * rate:.0f} %" for rate in (rates[:1] + rates[-1:])))
    return f"WER {' to '.join(shown)}" if shown else ""


def _worst(files: Sequence[tuple[str, FileScore]]) -> float:
    return max((file.words.rate or 0.0 if file.words else 0.0) for _, file in files)


def _line(label: str, file: FileScore, language: str | None) -> Line:
    text = file.transcription.text
    if file.reference is None or file.words is None:
        return Line(f"{label}: no reference", (), text)
    wrong = f"{file.words.total} wrong words, {file.words.reference} were said"
    return Line(f"{label}: {wrong}", align(file.reference, text, language), text)


def _minutes(evaluation: Evaluation) -> float:
    return max((score.audio_seconds for score in evaluation.scores), default=0.0) / 60
