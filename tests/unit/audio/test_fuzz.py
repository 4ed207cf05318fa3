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
