"""The report of `benchmark.compare`: who is faster, who is more accurate, and what that costs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmark.alignment import align
from benchmark.bootstrap import Interval
from benchmark.comparison import Contest
from benchmark.engine.compare import Standing
from benchmark.engine.report import machine
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
from benchmark.report import interval_text, percent
from benchmark.run_page import MOST_CLIPS, comparison_table

NOISE = 0.1
"""Difference of speeds below which machines do not tell one from the other."""

METHOD = (
    "Each entry transcribes all recordings in a process of its own, after its model is loaded and one "
    "short file is done; entries take turns, medians of the rounds are shown. All have the same weights, "
    "but not the same arithmetic: this engine, faster-whisper and WhisperX int8 on a CPU, whisper.cpp half, "
    "openai-whisper single precision. This engine gets all recordings at once, as its users send them; the "
    "others take file by file, as their programs do; servers several requests at a time. A service's "
    "memory is the sum of the peaks of Redis, API, worker and engine."
)


def write_compare_page(path: Path, contest: Contest, plots: Sequence[Path], embed_mb: float) -> Path:
    """Write the report; returns its path."""
    minutes = sum(clip.seconds for clip in contest.clips) / 60
    problems = [[Cell(each.name or "all"), Cell(each.message)] for each in contest.problems]
    table = Table("Problems", ("Who or which", "What happened"), problems, texts=frozenset({0, 1}))
    page = Page(
        title=f"The same weights ({contest.model}), side by side",
        subtitle=f"{len(contest.clips)} recordings, {minutes:.1f} minutes.",
        verdicts=list(_verdicts(contest)),
        tables=[_standings(contest), *_languages(contest), *comparison_table(contest.comparisons)],
        pictures=pictures(plots),
        clips=list(_clips(path, contest, embed_mb)),
        clips_note="Worst first.",
        last_tables=[table] if problems else [],
        facts=[("Method", METHOD), *facts_of(machine())],
    )
    return write_page(path, page)


def _verdicts(contest: Contest) -> Iterator[str]:
    first, *others = contest.standings
    labels = [score.variant.label for score in contest.scores]
    for label, other in zip(labels[1:], others, strict=True):
        speed = f"{first.entry.name} is {_faster(first, other)} {other.entry.name}"
        yield f"{speed}; {_accuracy(contest, labels[0], label)}."


def _faster(first: Standing, other: Standing) -> str:
    ratio = first.times_real_time / other.times_real_time
    if abs(ratio - 1) < NOISE:
        return f"about as fast ({ratio:.2f} times) as"
    return f"{ratio:.1f} times as fast as" if ratio > 1 else f"slower ({ratio:.2f} times as fast) than"


def _accuracy(contest: Contest, first: str, other: str) -> str:
    pair = next((each for each in contest.comparisons if {each.first, each.second} == {first, other}), None)
    if pair is None:
        return "their accuracy cannot be compared"
    points = f"{100 * pair.difference:+.1f} points ({interval_text(pair.interval)}), p = {pair.p:.3f}"
    if pair.better is None:
        return f"these recordings show no difference in accuracy ({points})"
    return f"{'more' if pair.better == first else 'less'} accurate ({points})"


def _standings(contest: Contest) -> Table:
    first = contest.standings[0]
    headings = (
        "Entry",
        "Audio s per s",
        "Rounds, from to",
        f"{first.entry.name} is … as fast",
        "WER %",
        "95 %",
        "Minus first, points",
        "Invented",
        "Peak MiB",
        "Load s",
        "Audio s per s, if all cores were busy",
    )
    return Table("Entries", headings, [_row(standing, first) for standing in contest.standings])


def _row(standing: Standing, first: Standing) -> list[Cell]:
    errors = standing.errors["all"]
    return [
        Cell(standing.entry.name),
        figure_cell(standing.times_real_time),
        Cell(" to ".join(f"{speed:.1f}" for speed in standing.spread)),
        figure_cell(first.times_real_time / standing.times_real_time, 2, " ×"),
        figure_cell(percent(errors)),
        Cell(interval_text(standing.interval)),
        Cell("–" if standing is first else _signed(standing.against_first)),
        figure_cell(errors.insertions, 0),
        figure_cell(standing.peak_memory_mb, 0),
        figure_cell(standing.load_seconds, 1),
        figure_cell(standing.times_real_time_cpu),
    ]


def _languages(contest: Contest) -> list[Table]:
    """Word error rates by language, where there are several."""
    languages = [name for name in contest.standings[0].errors if name not in ("all", "")]
    headings = ("Entry", *(f"{name}, %" for name in languages))
    rows = [
        [Cell(standing.entry.name), *(figure_cell(percent(standing.errors[name])) for name in languages)]
        for standing in contest.standings
    ]
    return [Table("Word error rate by language", headings, rows)] if len(languages) > 1 else []


def _signed(interval: Interval | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:+.1f} to {100 * interval.high:+.1f}"


def _clips(page: Path, contest: Contest, embed_mb: float) -> Iterator[ClipView]:
    order = sorted(range(len(contest.clips)), key=lambda place: -_worst(contest, place))[:MOST_CLIPS]
    sources = audio_sources([contest.clips[place].path for place in order], page, embed_mb)
    for place in order:
        clip = contest.clips[place]
        lines = [
            Line(
                f"{score.variant.engine}: {words.total} of {words.reference} words wrong",
                align(clip.reference, score.files[place].transcription.text, clip.language or None),
            )
            for score in contest.scores
            if (words := score.files[place].words) is not None
        ]
        yield ClipView(clip.path.name, sources[clip.path], lines)


def _worst(contest: Contest, place: int) -> float:
    words = (score.files[place].words for score in contest.scores)
    return max((each.rate or 0.0 for each in words if each is not None), default=0.0)
