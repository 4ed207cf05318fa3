"""`python3 -m benchmark.load` on a service of its own, with the fake engine."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from benchmark.load.__main__ import app
from tests.support.nvidia_smi import nvidia_smi

IN_USE = {
    "REDIS_URL": "redis://127.0.0.1:9",
    "REDIS_SENTINELS": "127.0.0.1:9",
    "STORAGE_URL": "file:///proc/no-such-folder",
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none",
}
"""What a service in use would have; nothing of it may be needed."""


def test_loads_are_measured_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{nvidia_smi(tmp_path).parent}{os.pathsep}{os.environ['PATH']}")
    for name, value in IN_USE.items():
        monkeypatch.setenv(name, value)
    arrivals = ["--arrivals", "burst=3/1"]
    load = ["--fake", "--speed", "100", "--lengths", "2:2,4:1", "--seconds", "2"]
    result = CliRunner().invoke(app, [*arrivals, *load, "--output", str(tmp_path)])

    assert result.exit_code == 0, result.output
    content = json.loads((tmp_path / "results" / "load.json").read_text("utf-8"))
    (burst,) = content["loads"]
    assert (burst["sent"], burst["failed"]) == (6, 0)
    p50, p95, p99 = burst["done_seconds"]
    assert 0 < p50 <= p95 <= p99
    assert burst["oldest_seconds"] is not None
    assert set(burst["processes"]) == {"redis", "api", "worker-1", "engine-1"}
    assert all(use["peak_mb"] > 1 for use in burst["processes"].values())
    assert (burst["machine"]["gpu_peak_mb"], burst["machine"]["gpu_busy"]) == (2000, pytest.approx(0.4))
    assert burst["machine"]["joules"] > 0
    assert "The fake engine" in (tmp_path / "results" / "load.html").read_text("utf-8")


def test_a_service_that_is_not_there_fails_every_recording(tmp_path: Path) -> None:
    arguments = ["--fake", "--service", "http://127.0.0.1:9", "--arrivals", "closed=2", "--seconds", "1"]
    result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path)])

    assert result.exit_code == 0, result.output
    (load,) = json.loads((tmp_path / "results" / "load.json").read_text("utf-8"))["loads"]
    assert load["sent"] == load["failed"] >= 2
    assert load["processes"] == {}
    assert "ConnectError" in load["errors"][0]


def test_wrong_arrivals_end_with_one_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--fake", "--arrivals", "often", "--output", str(tmp_path)])
    assert result.exit_code == 1
    assert "names no arrivals" in " ".join(result.output.split())
