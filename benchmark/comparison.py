"""What a contest between programs gave, and which of its differences are more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from benchmark.engine.compare import Standing
from benchmark.engine.corpus import Clip
from benchmark.results import FileScore, Measurement, Problem, Transcription, Variant, VariantScore
from benchmark.scoring import score_file
from benchmark.significance import Comparison, compare_all


@dataclass(frozen=True, slots=True)
class Contest:
    """All figures; `scores` hold each recording's, by entry in the order of `standings`."""

    model: str
    clips: tuple[Clip, ...]
    standings: tuple[Standing, ...]
    scores: tuple[VariantScore, ...]
    comparisons: tuple[Comparison, ...]
    problems: tuple[Problem, ...]


def contest_table(contest: Contest) -> Table:
    """A row for each entry; fits into 80 columns."""
    first = contest.standings[0]
    table = Table(
        title=f"{contest.model}, {len(contest.clips)} recordings",
        caption="Speed: seconds of audio a second, and how much faster the first is. 95 %: of the WER.",
        box=box.HORIZONTALS,
    )
    table.add_column("Entry", overflow="fold")
    for heading in ("Speed", f"{first.entry.name} is …", "WER %", "95 %", "Peak MiB"):
        table.add_column(heading, justify="right")
    for standing in contest.standings:
        rate, interval, peak = standing.errors["all"].rate, standing.interval, standing.peak_memory_mb
        table.add_row(
            standing.entry.name,
            f"{standing.times_real_time:.1f}",
            f"{first.times_real_time / standing.times_real_time:.2f} ×",
            "–" if rate is None else f"{100 * rate:.1f}",
            "–" if interval is None else f"{100 * interval.low:.1f} to {100 * interval.high:.1f}",
            "–" if peak is None else f"{peak:.0f}",
        )
    return table


def judged(
    model: str, clips: Sequence[Clip], standings: Sequence[Standing], problems: Sequence[Problem]
) -> Contest:
    """The contest with every difference between two entries tested."""
    scores = [_score(model, clips, standing) for standing in standings]
    languages = {clip.language for clip in clips}
    language = languages.pop() or None if len(languages) == 1 else None
    comparisons = compare_all(scores, language)
    return Contest(model, tuple(clips), tuple(standings), tuple(scores), tuple(comparisons), tuple(problems))


def _score(model: str, clips: Sequence[Clip], standing: Standing) -> VariantScore:
    files = tuple(_file(clip, standing) for clip in clips)
    measurement = Measurement(
        Variant(model, standing.entry.name), tuple(file.transcription for file in files)
    )
    return VariantScore(measurement, files)


def _file(clip: Clip, standing: Standing) -> FileScore:
    """A recording's; its own time is not known, since some transcribe several at a time."""
    seconds = clip.seconds / standing.times_real_time
    text = standing.texts[str(clip.path)]
    done = Transcription(str(clip.path), text, clip.language or None, clip.seconds, seconds)
    return score_file(done, clip.reference, clip.language or None, clip.subject)
