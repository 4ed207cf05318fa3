"""The pulse by which a container's health is told."""

import os
from pathlib import Path

from app.worker.health import Pulse, seconds_since_last_beat


def test_no_worker_has_no_pulse(tmp_path: Path) -> None:
    assert seconds_since_last_beat(tmp_path) is None


def test_a_beat_is_young_and_ends_with_the_worker(tmp_path: Path) -> None:
    pulse = Pulse(tmp_path)
    pulse.beat()
    age = seconds_since_last_beat(tmp_path)
    assert age is not None
    assert age < 30
    pulse.end()
    assert seconds_since_last_beat(tmp_path) is None


def test_an_old_beat_is_old(tmp_path: Path) -> None:
    Pulse(tmp_path).beat()
    (file,) = tmp_path.iterdir()
    os.utime(file, (1, 1))
    age = seconds_since_last_beat(tmp_path)
    assert age is not None
    assert age > 1_000_000
