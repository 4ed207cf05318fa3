"""Tables and files say what was measured."""

import csv
import json
from dataclasses import replace
from io import StringIO
from pathlib import Path

from rich.console import Console

from benchmark.evaluation import Evaluation
from benchmark.files import write_files
from benchmark.report import problems_table, summary_table
from benchmark.results import Errors, Problem, VariantScore

from .figures import scored

FIRST = scored({"one.wav": "the cat sat on the mat", "silence.wav": "Thank you"})
SECOND = scored({"one.wav": "a cat", "two.wav": "ёжик идёт"}, model="small", engine="openai-whisper")
BROKEN = scored({}, model="tiny")


def _in_eighty_columns(scores: list[VariantScore]) -> str:
    console = Console(width=80, file=StringIO(), record=True)
    console.print(summary_table(scores))
    return console.export_text()


def test_summary_fits_a_narrow_terminal() -> None:
    text = _in_eighty_columns([FIRST, SECOND, BROKEN])
    for figure in ("33.3", "5.0 ×", "0.200", "321", "openai-whisper", "cpu int8", "tiny"):
        assert figure in text
    assert "…" not in text


def test_the_summary_of_many_recordings_loses_no_column() -> None:
    """What is too wide for the terminal is cut off on the right: figures, and the ends of the caption."""
    large = scored({"one.wav": "the cat"}, model="large-v3-turbo", engine="service (openai-whisper)")
    measurement = replace(large.measurement, load_seconds=123.45, peak_memory_mb=12_345.0)
    files = tuple(replace(each, words=Errors(5880, 1300, 1100, 1270)) for each in large.files)
    text = _in_eighty_columns([VariantScore(measurement, files)])

    for shown in (
        "Subst.",
        "1300",
        "1270",
        "123.45",
        "Peak MiB",
        "12345",
        "(openai-whisper)",
        "its inverse.",
    ):
        assert shown in text


def test_problems_are_named() -> None:
    console = Console(width=120, file=StringIO(), record=True)
    console.print(
        problems_table([("base", Problem("a.wav", "Broken.")), ("tiny", Problem(None, "No weights."))])
    )
    text = console.export_text()
    assert "a.wav" in text
    assert "Broken." in text
    assert "all" in text


def test_files_hold_the_figures(tmp_path: Path) -> None:
    problems = (("reference", Problem("x.wav", "No reference.")),)
    evaluation = Evaluation((FIRST, SECOND, BROKEN), problems)
    summary, files, _, diffs, document = write_files(tmp_path / "results", evaluation)
    assert "one.wav | small · openai-whisper\n[-the-] {+a+} cat [-sat on the mat-]\n" in diffs.read_text(
        "utf-8"
    )
    with summary.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["model"], row["wer"]) for row in rows] == [
        ("base", str(2 / 6)),
        ("small", str(6 / 9)),
        ("tiny", ""),
    ]
    with files.open(encoding="utf-8", newline="") as file:
        per_file = list(csv.DictReader(file))
    assert [row["file"] for row in per_file] == ["one.wav", "silence.wav", "one.wav", "two.wav"]
    assert per_file[3]["hypothesis"] == "ёжик идёт"
    content = json.loads(document.read_text(encoding="utf-8"))
    assert content["summary"][0]["insertions"] == 2
    assert content["problems"] == [{"where": "reference", "name": "x.wav", "message": "No reference."}]
    assert content["environment"]["packages"]["jiwer"]
