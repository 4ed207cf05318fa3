"""The sum over the code changes with the code, and with nothing else."""

import sys
from pathlib import Path

import pytest

from app.core.source_digest import source_digest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "some_package" / "inner"
    folder.mkdir(parents=True)
    for path in (folder.parent, folder):
        (path / "__init__.py").write_text("")
    (folder / "module.py").write_text("NUMBER = 1")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "some_package", raising=False)
    return folder


def _digest() -> str:
    source_digest.cache_clear()
    return source_digest("some_package")


def test_the_digest_is_that_of_the_code(package: Path) -> None:
    before = _digest()
    (package / "notes.txt").write_text("no code")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "module.pyc").write_bytes(b"no source")
    assert _digest() == before

    (package / "module.py").write_text("NUMBER = 2")
    assert _digest() != before
