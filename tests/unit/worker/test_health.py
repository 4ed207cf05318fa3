"""The pulse by which a container's health is told: of each worker for itself."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.schemas.operations import ModelTrouble, WorkerTroubles
from app.schemas.task import TaskKind
from app.worker.health import Beat, Pulse, Vitality, workers_here
from tests.support.processes import ROOT


@pytest.fixture
def pulse(tmp_path: Path) -> Iterator[Pulse]:
    pulse = Pulse("w1", 30, tmp_path)
    yield pulse
    pulse.end()


def put_back(path: Path, seconds: float, host: str | None = None) -> None:
    """Write into a pulse file that its worker's lease was renewed so long ago."""
    beat = Beat.model_validate_json(path.read_text().strip())
    changed = beat.model_copy(update={"at": time.monotonic() - seconds, "host": host or beat.host})
    with path.open("r+") as file:  # the file stays the one that the worker has locked
        file.write(f"{changed.model_dump_json():<400}")


def alive(folder: Path) -> dict[str, bool]:
    return {each.worker_id: each.is_alive for each in workers_here(folder)}


def asked(folder: Path, *arguments: str) -> tuple[int, str]:
    """What a container's health check does: exit status and words."""
    done = subprocess.run(
        [sys.executable, "-m", "app.worker.health", *arguments],
        cwd=ROOT,
        env={"TMPDIR": str(folder), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_no_worker_is_not_alive(tmp_path: Path) -> None:
    assert workers_here(tmp_path) == []
    status, words = asked(tmp_path)
    assert (status, words.strip()) == (1, f"No worker of host {socket.gethostname()} runs.")


def test_a_beat_is_young_and_ends_with_the_worker(tmp_path: Path, pulse: Pulse) -> None:
    pulse.beat()
    pulse.beat()
    [found] = workers_here(tmp_path)
    assert found == Vitality("w1", found.silent_seconds, True)
    status, words = asked(tmp_path)
    assert status == 0
    assert words.startswith("w1: alive")
    pulse.end()
    assert list(tmp_path.iterdir()) == []


def test_a_worker_that_does_not_see_the_recordings_is_not_healthy(tmp_path: Path, pulse: Pulse) -> None:
    model = ModelTrouble(
        model="base", task=TaskKind.TRANSCRIBE, code="model_unavailable", message="Broken.", lacks=True
    )
    pulse.beat(WorkerTroubles(models=(model,)))
    status, words = asked(tmp_path)
    assert (status, "cannot load base" in words) == (0, True)
    pulse.beat(WorkerTroubles(storage="No volume. " * 1000, models=(model,) * 100))
    status, words = asked(tmp_path)
    assert (status, "TAKES NO TASKS. No volume." in words) == (1, True)
    pulse.beat()
    assert asked(tmp_path)[0] == 0


def test_a_fresh_worker_does_not_hide_one_that_has_stopped(tmp_path: Path, pulse: Pulse) -> None:
    pulse.beat()
    put_back(tmp_path / "transcriber-worker-w1.pulse", 31)
    other = Pulse("w2", 30, tmp_path)
    other.beat()

    assert alive(tmp_path) == {"w1": False, "w2": True}
    status, words = asked(tmp_path)
    assert status == 1
    assert "w1: NOT ALIVE" in words
    assert asked(tmp_path, "--worker", "w2")[0] == 0
    assert asked(tmp_path, "--worker", "w1")[0] == 1
    assert asked(tmp_path, "--worker", "w3")[0] == 1
    other.end()


def test_another_hosts_worker_does_not_count(tmp_path: Path, pulse: Pulse) -> None:
    """Two containers may share a TMPDIR."""
    pulse.beat()
    put_back(tmp_path / "transcriber-worker-w1.pulse", 0, host="elsewhere")
    assert workers_here(tmp_path) == []


def test_what_a_dead_worker_left_says_nothing(tmp_path: Path) -> None:
    """Its lock went with it, whatever its file says and whoever has its process id now."""
    program = (
        "import sys; from app.worker.health import Path, Pulse; Pulse('w1', 30, Path(sys.argv[1])).beat()"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, check=True)
    assert [path.name for path in tmp_path.iterdir()] == ["transcriber-worker-w1.pulse"]
    assert workers_here(tmp_path) == []


def test_garbage_is_no_worker(tmp_path: Path) -> None:
    (tmp_path / "transcriber-worker-x.pulse").write_text("{")
    assert workers_here(tmp_path) == []


def test_a_beat_of_before_the_reboot_is_old(tmp_path: Path, pulse: Pulse) -> None:
    pulse.beat()
    put_back(tmp_path / "transcriber-worker-w1.pulse", -1000)
    assert alive(tmp_path) == {"w1": False}
