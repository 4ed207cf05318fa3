"""A small part of `python -m tests.fuzz`: mutants neither crash nor hang, and all go through one process."""

from pathlib import Path

from tests.fuzz.runner import run
from tests.fuzz.sources import sources


def test_mutants_end_as_sound_or_as_an_error(tmp_path: Path) -> None:
    result = run(range(150), sources(tmp_path / "sources"), tmp_path)

    assert result.faults == {}
    assert result.children == 1
    assert result.outcomes["ok, ok"] > 50
    assert sum(result.outcomes.values()) == 150


def test_mutants_that_once_were_faults(tmp_path: Path) -> None:
    """Flush packets taken for another stream's (949), data for sound (9631), offsets no file has (23065)."""
    result = run([949, 9631, 23065, 26444], sources(tmp_path / "sources"), tmp_path)

    assert result.faults == {}
