"""A run that is killed goes on where it was: with the fake engine, whose recordings are scripts."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.run import app

FILES, BROKEN = 200, frozenset({3, 50, 99, 150, 199})
HALF = FILES // 2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Recordings that note their execution in `journal`; that in the middle takes for ever."""
    for name in ("audios", "text-references"):
        (tmp_path / name).mkdir()
    for number in range(FILES):
        script = {"text": "so it is", "duration": 3.0, "journal": str(tmp_path / f"journal-{number}")}
        if number in BROKEN:
            script["undecodable"] = "Nobody can read this."
        if number == HALF:
            script["hang"] = True
        _audio(tmp_path, number).write_text(json.dumps(script))
        (tmp_path / "text-references" / f"{number:03}.txt").write_text("so it is")
    return tmp_path


def _audio(folder: Path, number: int) -> Path:
    return folder / "audios" / f"{number:03}.wav"


def _executions(folder: Path, number: int) -> int:
    path = folder / f"journal-{number}"
    return path.read_text().count("start") if path.exists() else 0


def _arguments(folder: Path) -> list[str]:
    return ["--directory", str(folder), "--engine", "fake", "--model", "base"]


def _kill_at_half(folder: Path) -> None:
    command = [sys.executable, "-m", "benchmark.run", *_arguments(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        while not _executions(folder, HALF):
            assert run.poll() is None
            time.sleep(0.02)
        (child,) = {int(line.split()[1]) for line in (folder / f"journal-{HALF}").read_text().splitlines()}
        run.send_signal(signal.SIGKILL)
    while _is_alive(child):  # the kernel ends it with its parent
        time.sleep(0.02)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_killed_run_goes_on_and_names_each_recording_once(folder: Path) -> None:
    _kill_at_half(folder)
    script = json.loads(_audio(folder, HALF).read_text())
    _audio(folder, HALF).write_text(json.dumps(script | {"hang": False}))

    result = CliRunner().invoke(app, _arguments(folder))

    assert result.exit_code == 0, result.output
    results = json.loads((folder / "results" / "results.json").read_text("utf-8"))
    names = Counter(record["file"] for record in results["files"])
    assert len(names) == FILES - len(BROKEN)
    assert set(names.values()) == {1}
    assert [problem["name"] for problem in results["problems"]] == [
        _audio(folder, number).name for number in sorted(BROKEN)
    ]
    assert [_executions(folder, number) for number in range(FILES)] == [
        2 if number == HALF else 1 for number in range(FILES)
    ]
    assert results["summary"][0]["peak_memory_mb"] > 0
    assert not (folder / "results" / "unfinished.jsonl").exists()


def test_a_run_in_which_all_failed_is_no_interrupted_one(tmp_path: Path) -> None:
    (tmp_path / "audios").mkdir()
    _audio(tmp_path, 1).write_text('{"undecodable": "Nobody can read this."}')
    failed = CliRunner().invoke(app, _arguments(tmp_path))

    assert failed.exit_code == 1
    assert "Nothing could be measured" in failed.output
    assert not (tmp_path / "results" / "unfinished.jsonl").exists()
