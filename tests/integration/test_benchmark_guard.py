"""The regression guard on the recordings of the tests: has the accuracy fallen?

Bounds are wide, since processors round differently, and times are not looked at. What is looked for is a
change that breaks much: a wrong cut, a lost window, a damaged conversion. Who changes the engine on purpose
writes the expected results anew: `python3 -m tests.integration.test_benchmark_guard`.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.run import WORSE
from benchmark.run import app as run

ASSETS = Path(__file__).parents[1] / "assets"
EXPECTED = ASSETS / "benchmark_base.json"
POINTS = 8
"""Of the word error rate, by which it may surely rise before the test fails."""

KEPT = ("variant", "file", "words", "substitutions", "deletions", "insertions", "processing_seconds")
"""Of each recording's results: what the guard reads. Times are zero, for they say nothing elsewhere."""

SAID = {
    "en": "The weather is nice today. We will walk to the river and have lunch under the old tree.",
    "de": "Das Wetter ist heute schön. Wir gehen mit den Kindern an den Fluss und essen unter dem alten "
    "Baum zu Mittag.",
    "ru": "Сегодня хорошая погода. Мы пойдём к реке и пообедаем под старым деревом.",
}
RECORDINGS = {
    "en.flac": "speech_en.flac",
    "en-mp3.mp3": "speech_en.mp3",
    "en-phone.wav": "speech_en_mulaw_8k.wav",
    "en-stereo.m4a": "speech_en_stereo.m4a",
    "en-opus.webm": "speech_en.webm",
    "de.ogg": "speech_de.ogg",
    "ru.ogg": "speech_ru.ogg",
}


def _corpus(folder: Path) -> None:
    """The three sentences; the English one as several devices record it."""
    for name in ("audios", "text-references"):
        (folder / name).mkdir()
    for name, asset in RECORDINGS.items():
        shutil.copy(ASSETS / asset, folder / "audios" / name)
    _write_texts(folder)


def _write_texts(folder: Path) -> None:
    for name, text in SAID.items():
        (folder / "text-references" / f"{name}.txt").write_text(text, "utf-8")


def _measured(folder: Path, *arguments: str) -> tuple[int, str]:
    fixed = ("--model", "base", "--engine", "faster-whisper", "--beam-size", "1", "--compute-type", "int8")
    result = CliRunner().invoke(run, ["--directory", str(folder), *fixed, *arguments])
    return result.exit_code, " ".join(result.output.split())


def _records(folder: Path) -> list[dict[str, object]]:
    results = json.loads((folder / "results" / "results.json").read_text("utf-8"))
    return [{name: record[name] for name in KEPT} | {"processing_seconds": 0} for record in results["files"]]


@pytest.mark.weights
def test_the_accuracy_is_what_it_was(
    tmp_path: Path, base_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CACHE_DIR", str(base_weights))
    _corpus(tmp_path)
    status, output = _measured(
        tmp_path, "--against", str(EXPECTED), "--no-compare-speed", "--worse-by", str(POINTS)
    )
    assert status == 0, output
    assert "Not worse than" in output
    assert len(_records(tmp_path)) == len(RECORDINGS)


def test_a_model_that_hears_nothing_is_worse(tmp_path: Path) -> None:
    """The guard can fail: the fake engine, under the name of what was measured, says nothing."""
    (tmp_path / "audios").mkdir()
    records = json.loads(EXPECTED.read_text("utf-8"))["files"]
    for record in records:
        record["variant"] = "base · fake"
        (tmp_path / "audios" / record["file"]).write_text("{}")
    expected = tmp_path / "expected.json"
    expected.write_text(json.dumps({"files": records}))
    (tmp_path / "text-references").mkdir()
    _write_texts(tmp_path)
    arguments = ["--engine", "fake", "--model", "base", "--no-compare-speed", "--worse-by", str(POINTS)]
    result = CliRunner().invoke(run, ["--directory", str(tmp_path), "--against", str(expected), *arguments])

    assert result.exit_code == WORSE, result.output
    assert "the word error rate rose by" in result.output


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        _corpus(Path(made))
        status, output = _measured(Path(made))
        sys.stderr.write(output + "\n")
        EXPECTED.write_text(json.dumps({"files": _records(Path(made))}, indent=1) + "\n", "utf-8")
