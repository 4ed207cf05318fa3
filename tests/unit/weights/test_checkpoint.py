import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from app.weights.checkpoint import read_checkpoint
from app.weights.files import WeightsError
from tests.unit.weights.models import write_random_checkpoint


def test_reads_what_torch_wrote(tmp_path: Path) -> None:
    tensors = write_random_checkpoint(tmp_path / "mine.pt")

    checkpoint = read_checkpoint(tmp_path / "mine.pt")

    assert checkpoint.dimensions.n_text_head == 2
    assert checkpoint.weights.keys() == tensors.keys()
    assert all(np.array_equal(checkpoint.weights[name], tensor) for name, tensor in tensors.items())


class _Attack:
    def __init__(self, target: Path) -> None:
        self._target = target

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self._target),)


def test_a_pickle_cannot_call_functions(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "evil.pt", "w") as archive:
        archive.writestr("evil/data.pkl", pickle.dumps(_Attack(tmp_path / "called")))

    with pytest.raises(WeightsError, match="which no checkpoint needs"):
        read_checkpoint(tmp_path / "evil.pt")

    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_a_cut_file_is_refused(tmp_path: Path, size: int) -> None:
    write_random_checkpoint(tmp_path / "mine.pt")
    (tmp_path / "cut.pt").write_bytes((tmp_path / "mine.pt").read_bytes()[:size])

    with pytest.raises(WeightsError, match=r"cut\.pt is no checkpoint"):
        read_checkpoint(tmp_path / "cut.pt")
