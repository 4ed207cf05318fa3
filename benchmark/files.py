"""The figures for programs: CSV, JSON, and all word differences as text."""

import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmark.alignment import align, as_text
from benchmark.bootstrap import Interval, rate_interval
from benchmark.energy import energy_meter
from benchmark.evaluation import Evaluation
from benchmark.groups import Group
from benchmark.processor import processor_name
from benchmark.results import Errors, FileScore, VariantScore, pooled_by_subject
from benchmark.significance import Comparison

PACKAGES = ("faster-whisper", "ctranslate2", "openai-whisper", "torch", "jiwer", "whisper-normalizer")
"""Libraries on whose versions the figures depend."""


def write_files(folder: Path, evaluation: Evaluation) -> list[Path]:
    """Write `summary.csv`, `files.csv`, `groups.csv`, `diffs.txt` and `results.json`; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    summaries = [summary_record(score) for score in evaluation.scores]
    files = [file_record(score, each) for score in evaluation.scores for each in score.files]
    groups = [_group_record(group) for group in evaluation.groups]
    document = {
        "environment": environment(),
        "summary": summaries,
        "groups": groups,
        "comparisons": [_comparison_record(each) for each in evaluation.comparisons],
        "files": files,
        "problems": [{"where": where, **asdict(problem)} for where, problem in evaluation.problems],
    }
    json_file = folder / "results.json"
    json_file.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return [
        _write_csv(folder / "summary.csv", summaries),
        _write_csv(folder / "files.csv", files),
        _write_csv(folder / "groups.csv", groups),
        _write_diffs(folder / "diffs.txt", evaluation),
        json_file,
    ]


def summary_record(score: VariantScore) -> dict[str, object]:
    """One variant's figures; rates are fractions, not per cent."""
    measured, interval = score.measurement, word_interval(score)
    return {
        "model": score.variant.model,
        "engine": score.variant.engine,
        "variant": score.variant.label,
        "device": measured.device,
        "compute_type": measured.compute_type,
        "beam_size": score.variant.beam_size,
        "files": len(score.files),
        **_error_fields(score.words, score.characters),
        **_interval_fields(interval),
        "audio_seconds": round(score.audio_seconds, 3),
        "processing_seconds": round(score.processing_seconds, 3),
        "real_time_factor": score.real_time_factor,
        "times_real_time": score.times_real_time,
        "load_seconds": measured.load_seconds,
        "peak_memory_mb": measured.peak_memory_mb,
        "gpu_peak_mb": measured.gpu_peak_mb,
        "watt_hours_per_hour": score.watt_hours_per_hour,
    }


def file_record(score: VariantScore, file: FileScore) -> dict[str, object]:
    """One recording's figures in one variant, with both texts."""
    done = file.transcription
    return {
        "model": score.variant.model,
        "engine": score.variant.engine,
        "variant": score.variant.label,
        "file": done.name,
        "language": done.language,
        **_error_fields(file.words, file.characters),
        "audio_seconds": done.audio_seconds,
        "processing_seconds": done.processing_seconds,
        "joules": done.joules,
        "reference": file.reference,
        "hypothesis": done.text,
    }


def environment() -> dict[str, object]:
    """When and on what the figures were measured."""
    with energy_meter() as meter:
        energy = meter.source
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": processor_name(),
        "cores": os.cpu_count(),
        "energy": energy,
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
    }


def word_interval(score: VariantScore) -> Interval | None:
    """Of the word error rate of all recordings that have a reference."""
    known = ((file.subject, file.words) for file in score.files if file.words is not None)
    return rate_interval(pooled_by_subject(known))


def _group_record(group: Group) -> dict[str, object]:
    return {
        "group": group.kind.value,
        "name": group.name,
        "variant": group.label,
        "files": group.files,
        "wer": group.words.rate,
        **_interval_fields(group.interval),
        **asdict(group.words),
    }


def _comparison_record(pair: Comparison) -> dict[str, object]:
    return asdict(pair) | {"better": pair.better}


def _interval_fields(interval: Interval | None) -> dict[str, object]:
    return {"wer_low": interval and interval.low, "wer_high": interval and interval.high}


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


def _write_diffs(path: Path, evaluation: Evaluation) -> Path:
    """Every recording and variant with a reference, in wdiff's notation."""
    with path.open("w", encoding="utf-8") as file:
        for score in evaluation.scores:
            for each in score.files:
                if each.reference is not None:
                    stretches = align(each.reference, each.transcription.text, evaluation.language)
                    file.write(f"{each.transcription.name} | {score.variant.label}\n{as_text(stretches)}\n\n")
    return path


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
