from pathlib import Path

import pytest

from app.weights import hub
from app.weights.files import WeightsError
from app.weights.onnx_models import OnnxForm
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


ONNX_FILES = {
    "config.json": b"{}",
    "vocab.txt": b"<blk> 0",
    "encoder-model.onnx": b"network" * 100,
    "encoder-model.onnx.data": b"weights" * 1000,
    "decoder_joint-model.onnx": b"network",
    "encoder-model.int8.onnx": b"rounded",
    "decoder_joint-model.int8.onnx": b"rounded",
    "model.onnx": b"another network",
}


@pytest.mark.parametrize(
    ("forms", "expected"),
    [
        (
            ("float32", "int8"),
            {"encoder-model.onnx", "encoder-model.onnx.data", "decoder_joint-model.onnx"},
        ),
        (("int8",), {"encoder-model.int8.onnx", "decoder_joint-model.int8.onnx"}),
    ],
)
def test_fetches_one_form_of_a_model_of_onnx_asr(
    tmp_path: Path, forms: tuple[OnnxForm, ...], expected: set[str]
) -> None:
    with serving(ONNX_FILES, large=frozenset({"encoder-model.onnx.data"})) as (address, _):
        hub.fetch_onnx("nemo-parakeet-tdt-0.6b-v3", forms, tmp_path / "part", endpoint=address)

    fetched = {path.name: path.read_bytes() for path in (tmp_path / "part").iterdir()}
    assert fetched == {name: ONNX_FILES[name] for name in {"config.json", "vocab.txt", *expected}}


def test_another_form_stands_in_where_it_may(tmp_path: Path) -> None:
    only = {name: content for name, content in ONNX_FILES.items() if "int8" in name or "." not in name[:-5]}
    model = "nemo-parakeet-tdt-0.6b-v3"
    files = {name: only[name] for name in only if not name.endswith("model.onnx")}
    with serving(files) as (address, _):
        with pytest.raises(WeightsError, match="another form than float32"):
            hub.fetch_onnx(model, ("float32",), tmp_path / "part", endpoint=address)
        hub.fetch_onnx(model, ("float32", "int8"), tmp_path / "part", endpoint=address)

    assert (tmp_path / "part" / "encoder-model.int8.onnx").read_bytes() == b"rounded"


def test_weights_beside_a_network_are_checked_too(tmp_path: Path) -> None:
    large = frozenset({"encoder-model.onnx.data"})
    with (
        serving(ONNX_FILES, large=large, wrong_sums=True) as (address, _),
        pytest.raises(WeightsError, match=r"encoder-model\.onnx\.data does not have the expected checksum"),
    ):
        hub.fetch_onnx("nemo-parakeet-tdt-0.6b-v3", ("float32",), tmp_path / "part", endpoint=address)


def test_a_model_that_the_hub_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no such model"):
        hub.fetch("my-model", tmp_path / "part")
