"""What a process may use of its machine."""

import os
from pathlib import Path

import pytest

from app.core.machine import available_memory, usable_cores


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", None), ("100000 100000", 1), ("50000 100000", 1), ("nonsense", None)]
)
def test_cores_are_bounded_by_the_container(tmp_path: Path, quota: str, cores: int | None) -> None:
    (tmp_path / "cpu.max").write_text(quota)

    assert usable_cores(tmp_path / "cpu.max") == (cores or len(os.sched_getaffinity(0)))


def test_without_a_quota_the_affinity_counts(tmp_path: Path) -> None:
    assert usable_cores(tmp_path / "none") == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(("limit", "available"), [("max", 2_048_000), ("1000", 1000), (None, 2_048_000)])
def test_memory_is_bounded_by_the_container(tmp_path: Path, limit: str | None, available: int) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable:    2000 kB\n")
    if limit is not None:
        (tmp_path / "memory.max").write_text(limit)

    assert available_memory(tmp_path / "meminfo", tmp_path / "memory.max") == available


def test_memory_of_which_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\n")

    assert available_memory(tmp_path / "none") is None
    assert available_memory(tmp_path / "meminfo") is None
