"""The figures as tables for people and as CSV and JSON for programs."""

import csv
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from rich import box
from rich.table import Table

from benchmark.bootstrap import Interval, rate_interval
from benchmark.results import Errors, FileScore, Problem, VariantScore

PACKAGES = ("faster-whisper", "ctranslate2", "openai-whisper", "torch", "jiwer", "whisper-normalizer")
"""Libraries on whose versions the figures depend."""


def summary_table(scores: Sequence[VariantScore]) -> Table:
    """One row for each model and engine; fits into 80 columns."""
    table = Table(
        title="Accuracy and speed",
        caption="WER, CER: edits / length of all references; below, the 95 % interval of the WER. "
        "S/D/I: substituted, deleted, inserted words. Speed: seconds of audio per second, and the real-time "
        "factor.",
        box=box.HORIZONTALS,
        show_lines=True,
    )
    table.add_column("Model", overflow="fold")
    table.add_column("Engine", overflow="fold", min_width=14)
    for heading in ("Files", "WER\n%", "CER\n%", "S/D/I", "Speed", "Load\ns", "Peak\nMiB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for score in scores:
        table.add_row(*_cells(score))
    return table


def _cells(score: VariantScore) -> list[str]:
    words, measured = score.words, score.measurement
    computed = " ".join(filter(None, (measured.device, measured.compute_type)))
    return [
        score.variant.model,
        "\n".join(filter(None, (score.variant.engine, computed))),
        str(len(score.files)),
        f"{_number(_percent(words), 1)}\n{_interval(_word_interval(score))}",
        _number(_percent(score.characters), 1),
        f"{words.substitutions}/{words.deletions}/{words.insertions}",
        f"{_number(score.times_real_time, 1)} ×\n{_number(score.real_time_factor, 3)}",
        _number(measured.load_seconds, 2),
        _number(measured.peak_memory_mb, 0),
    ]


def problems_table(named: Iterable[tuple[str, Problem]]) -> Table:
    """What could not be measured; each pair is where it happened and what."""
    table = Table(title="Problems", box=box.HORIZONTALS)
    for heading in ("Where", "Recording", "What happened"):
        table.add_column(heading, overflow="fold")
    for where, problem in named:
        table.add_row(where, problem.name or "all", problem.message)
    return table


def write_files(
    folder: Path, scores: Sequence[VariantScore], problems: Sequence[tuple[str, Problem]]
) -> list[Path]:
    """Write `summary.csv`, `files.csv` and `results.json` into `folder`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    summaries = [summary_record(score) for score in scores]
    files = [file_record(score, each) for score in scores for each in score.files]
    document = {
        "environment": environment(),
        "summary": summaries,
        "files": files,
        "problems": [{"where": where, **asdict(problem)} for where, problem in problems],
    }
    json_file = folder / "results.json"
    json_file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [
        _write_csv(folder / "summary.csv", summaries),
        _write_csv(folder / "files.csv", files),
        json_file,
    ]


def summary_record(score: VariantScore) -> dict[str, object]:
    """One variant's figures; rates are fractions, not per cent."""
    measured, interval = score.measurement, _word_interval(score)
    return {
        "model": score.variant.model,
        "engine": score.variant.engine,
        "device": measured.device,
        "compute_type": measured.compute_type,
        "files": len(score.files),
        **_error_fields(score.words, score.characters),
        "wer_low": interval and interval.low,
        "wer_high": interval and interval.high,
        "audio_seconds": round(score.audio_seconds, 3),
        "processing_seconds": round(score.processing_seconds, 3),
        "real_time_factor": score.real_time_factor,
        "times_real_time": score.times_real_time,
        "load_seconds": measured.load_seconds,
        "peak_memory_mb": measured.peak_memory_mb,
    }


def file_record(score: VariantScore, file: FileScore) -> dict[str, object]:
    """One recording's figures in one variant, with both texts."""
    done = file.transcription
    return {
        "model": score.variant.model,
        "engine": score.variant.engine,
        "file": done.name,
        "language": done.language,
        **_error_fields(file.words, file.characters),
        "audio_seconds": done.audio_seconds,
        "processing_seconds": done.processing_seconds,
        "reference": file.reference,
        "hypothesis": done.text,
    }


def environment() -> dict[str, object]:
    """When and on what the figures were measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def _error_fields(words: Errors | None, characters: Errors | None) -> dict[str, object]:
    return {
        "wer": words and words.rate,
        "cer": characters and characters.rate,
        "words": words and words.reference,
        "substitutions": words and words.substitutions,
        "deletions": words and words.deletions,
        "insertions": words and words.insertions,
    }


def _write_csv(path: Path, records: Sequence[Mapping[str, object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(records[0]) if records else [])
        writer.writeheader()
        writer.writerows(records)
    return path


def _word_interval(score: VariantScore) -> Interval | None:
    return rate_interval([file.words for file in score.files if file.words is not None])


def _interval(interval: Interval | None) -> str:
    return "–" if interval is None else f"{100 * interval.low:.0f} to {100 * interval.high:.0f}"


def _percent(errors: Errors) -> float | None:
    return None if errors.rate is None else 100 * errors.rate


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
