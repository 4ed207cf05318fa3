"""Wrong settings end a program with sentences."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.startup import read_settings


def test_good_settings() -> None:
    assert read_settings().default_model == "turbo"


def test_one_sentence_for_each_wrong_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_PORT", "many")
    monkeypatch.setenv("MAX_UPLOAD_MB", "-1")
    monkeypatch.setenv("LOG_LEVEL", "loud")
    with pytest.raises(SystemExit) as raised:
        read_settings()
    lines = str(raised.value).splitlines()
    assert len(lines) == 3
    for name, value in (("REDIS_PORT", "many"), ("MAX_UPLOAD_MB", "-1"), ("LOG_LEVEL", "LOUD")):
        [line] = [line for line in lines if name in line]
        assert value in line
        assert line.endswith("correct it in `.env` or the environment.")


def test_uvicorn_ends_with_the_sentence_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "main:app", "--port", "0"],
        env=os.environ | {"PORT": "none", "LOG_DIR": str(tmp_path)},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Setting PORT is wrong" in done.stderr
    assert "Traceback" not in done.stderr


def test_keys_of_a_cloud_may_stand_in_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients of buckets read the environment only; what is there counts more."""
    (tmp_path / ".env").write_text("AWS_REGION=eu-north-1\nAWS_ACCESS_KEY_ID=file\nTZ=UTC+5\n")
    monkeypatch.setitem(Settings.model_config, "env_file", str(tmp_path / ".env"))
    monkeypatch.setattr(os, "environ", {"AWS_ACCESS_KEY_ID": "given"})
    read_settings()
    assert os.environ == {"AWS_ACCESS_KEY_ID": "given", "AWS_REGION": "eu-north-1"}
