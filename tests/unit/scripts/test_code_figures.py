"""The figures of the code; and that no modules of the house import each other in a ring."""

from graphlib import CycleError
from pathlib import Path

import pytest

from scripts.code_figures import APP, imports, longest_chain, main


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "house"
    (folder / "room").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "room" / "__init__.py").write_text("import sys\n")
    (folder / "room" / "door.py").write_text("def knock():\n    import house\n    return house\n")
    (folder / "way.py").write_text(
        "from house.room import door\nfrom house.room.door import knock\ndef go(): return knock()\n"
    )
    return folder


def test_the_imports_of_a_package(package: Path) -> None:
    assert imports(package) == {
        "house": set(),
        "house.room": set(),
        "house.room.door": {"house"},
        "house.way": {"house.room.door"},
    }
    assert longest_chain(imports(package)) == ["house.way", "house.room.door", "house"]


def test_a_ring_is_told(package: Path) -> None:
    (package / "__init__.py").write_text("from house.way import knock\n")
    with pytest.raises(CycleError):
        longest_chain(imports(package))


def test_the_figures(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(package)
    told = capsys.readouterr().out
    assert "lines of 2 functions: median 2" in told
    assert "longest chain of imports: 3 modules: house.way → house.room.door → house" in told


def test_the_house_has_no_ring() -> None:
    assert len(longest_chain(imports(APP))) > 1
