"""`scripts/environment.py` makes `.venv` once, and again only when the requirements change."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "environment.py"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "requirements"
    folder.mkdir()
    (folder / "constraints.txt").write_text("")
    (folder / "run.txt").write_text("-c constraints.txt\n")
    (folder / "dev.txt").write_text("-r run.txt\n")
    return tmp_path


def call(project: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=project,
        env=dict(os.environ) | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(project)} | more,
        capture_output=True,
        text=True,
    )


def test_installs_once_and_again_when_the_requirements_change(project: Path) -> None:
    first = call(project, "run")
    assert first.returncode == 0, first.stderr
    assert "Making the Python environment" in first.stderr
    assert "Installing the packages" in first.stderr
    assert (project / ".venv" / "bin" / "python").exists()
    second = call(project, "run")
    assert (second.returncode, second.stderr, second.stdout) == (0, "", "")
    (project / "requirements" / "constraints.txt").write_text("# renewed\n")
    third = call(project, "run")
    assert "Installing the packages" in third.stderr
    assert "Making the Python environment" not in third.stderr
    dev = call(project, "dev")
    assert "requirements/dev.txt" in dev.stderr
    (project / ".venv" / ".stamp-run").unlink()
    assert call(project, "run").stderr == "", "the development environment holds what `run` needs"


def test_without_a_network_one_sentence_says_what_to_do(project: Path) -> None:
    (project / "requirements" / "run.txt").write_text("no-such-package-here==1\n")
    done = call(project, "run")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("==> The packages could not be installed")
    assert not (project / ".venv" / ".stamp-run").exists()


def test_usage(project: Path) -> None:
    assert call(project, "walk").returncode == 2
