"""`transcriber` against the real service, a worker of which is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.api import Service
from tests.support.processes import ROOT, Worker
from tests.support.serving import until

pytestmark = pytest.mark.weights

FILES = 20


def transcriber(service: Service, *arguments: str, background: bool = False) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", "--url", service.url, *arguments],
        cwd=ROOT,
        env=os.environ | {"NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(service: Service, *arguments: str) -> str:
    """What it printed."""
    process = transcriber(service, *arguments)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def test_one_file_is_printed(whole: Service, assets: Path) -> None:
    text = run(whole, "send", str(assets / "speech_en.mp3"), "--model", "base")
    assert text.strip().endswith("under the old tree.")


def test_subtitles_go_to_a_file(whole: Service, assets: Path, tmp_path: Path) -> None:
    recording = str(assets / "speech_en.mp3")
    run(whole, "send", recording, "--format", "srt", "--format", "json", "--output-dir", str(tmp_path))
    assert (tmp_path / "speech_en.srt").read_text("utf-8").startswith("1\n00:00:0")
    assert (tmp_path / "speech_en.json").is_file()


def test_tasks_are_listed_watched_and_cancelled(whole: Service, assets: Path) -> None:
    task_id = run(whole, "send", "--no-wait", str(assets / "speech_en.mp3")).split()[0]
    assert "under the old tree" in run(whole, "watch", task_id)
    assert task_id in run(whole, "list")
    run(whole, "cancel", task_id)
    assert task_id not in run(whole, "list")
    assert "base" in run(whole, "models")


def test_a_batch_outlives_its_worker(
    whole: Service, spare_worker: Callable[[], Worker], assets: Path, tmp_path: Path
) -> None:
    source, target = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:02}.mp3").write_bytes((assets / "speech_en.mp3").read_bytes())
    doomed = spare_worker()
    process = transcriber(whole, "send", str(source / "*.mp3"), "--output-dir", str(target), "--jobs", "8")
    until(lambda: len(list(target.glob("*.txt"))) >= 2 or process.poll() is not None)
    os.kill(doomed.pid, signal.SIGKILL)
    _, errors = process.communicate(timeout=200)

    assert process.returncode == 0, errors
    written = sorted(target.glob("*.txt"))
    assert len(written) == FILES
    assert all("under the old tree" in path.read_text("utf-8") for path in written)
