from pathlib import Path

import pytest

from app.weights import hub
from app.weights.files import WeightsError
from tests.unit.weights.servers import serving

FILES = {
    "config.json": b"{}",
    "model.bin": b"weights" * 1000,
    "vocabulary.txt": b"a\nb\n",
    "README.md": b"not needed",
}


def test_fetches_the_files_of_the_model_and_no_others(tmp_path: Path) -> None:
    with serving(FILES, large=frozenset({"model.bin"})) as (address, _):
        hub.fetch("small", tmp_path / "part", endpoint=address)

    fetched = {path.name: path.read_bytes() for path in (tmp_path / "part").iterdir()}
    assert fetched == {name: content for name, content in FILES.items() if name != "README.md"}


def test_refuses_a_file_with_another_checksum(tmp_path: Path) -> None:
    with (
        serving(FILES, large=frozenset({"model.bin"}), wrong_sums=True) as (address, _),
        pytest.raises(WeightsError, match=r"model\.bin does not have the expected checksum"),
    ):
        hub.fetch("small", tmp_path / "part", endpoint=address)


def test_a_hub_out_of_reach_is_told(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="the model hub failed"):
        hub.fetch("small", tmp_path / "part", endpoint="http://127.0.0.1:9")

    assert not (tmp_path / "part").exists()


def test_a_model_that_the_hub_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such model"):
        hub.fetch("my-model", tmp_path / "part")
