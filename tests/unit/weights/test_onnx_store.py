from collections.abc import Sequence
from pathlib import Path

import pytest

from app.core.errors import ModelUnavailable
from app.weights.onnx_models import OnnxForm, OnnxWeights
from app.weights.onnx_store import ensure_onnx_weights
from tests.unit.weights.servers import serving

MODEL = "gigaam-v3-ctc"
FILES = {
    "config.json": b'{"version": "v3"}',
    "v3_vocab.txt": b"<blk> 0",
    "v3_ctc.onnx": b"network" * 1000,
    "v3_ctc.int8.onnx": b"rounded",
    "v3_rnnt_encoder.onnx": b"another",
    "README.md": b"",
}
LARGE = frozenset({"v3_ctc.onnx", "v3_ctc.int8.onnx"})
NOWHERE = "http://127.0.0.1:9"


def ensure(
    cache: Path, forms: Sequence[OnnxForm] = ("float32", "int8"), endpoint: str = NOWHERE, **more: bool
) -> OnnxWeights:
    return ensure_onnx_weights(cache, MODEL, forms, downloads=more.get("downloads", True), endpoint=endpoint)


def test_a_model_is_fetched_once(tmp_path: Path) -> None:
    with serving(FILES, large=LARGE) as (address, requests):
        weights = ensure(tmp_path, endpoint=address)
        assert any("v3_ctc.onnx" in each for each in requests)

    folder = tmp_path / "whisper" / MODEL
    assert weights == OnnxWeights(folder, "float32", (folder / "v3_ctc.onnx",))
    assert weights.files[0].read_bytes() == FILES["v3_ctc.onnx"]
    assert {path.name for path in folder.iterdir()} == {"config.json", "v3_vocab.txt", "v3_ctc.onnx"}
    assert not list((tmp_path / "whisper").glob("*.part"))
    assert ensure(tmp_path) == weights  # nobody is asked


def test_another_form_is_fetched_beside_the_first(tmp_path: Path) -> None:
    with serving(FILES, large=LARGE) as (address, _):
        whole = ensure(tmp_path, endpoint=address)
        rounded = ensure(tmp_path, ("int8",), endpoint=address)

    assert rounded == OnnxWeights(whole.folder, "int8", (whole.folder / "v3_ctc.int8.onnx",))
    assert ensure(tmp_path, ("float32",)) == whole


def test_what_was_put_there_by_hand_needs_no_network(tmp_path: Path) -> None:
    folder = tmp_path / "whisper" / MODEL
    folder.mkdir(parents=True)
    for name in FILES:
        (folder / name).write_bytes(FILES[name])

    assert ensure(tmp_path, downloads=False).folder == folder
    (folder / "v3_ctc.onnx").unlink()
    assert ensure(tmp_path, downloads=False).form == "int8"


def test_a_model_that_cannot_be_had_says_what_was_tried_and_what_to_do(tmp_path: Path) -> None:
    advice = rf"put its files \(v\?_ctc\.onnx, v\?_vocab\.txt, config\.json\) into .*/whisper/{MODEL}/"
    with pytest.raises(ModelUnavailable, match=rf"MODEL_DOWNLOADS is off\): {advice}"):
        ensure(tmp_path, downloads=False)
    with pytest.raises(ModelUnavailable, match=rf"the model hub failed \(\w+\)\): {advice}"):
        ensure(tmp_path)


def test_wrong_files_are_not_taken(tmp_path: Path) -> None:
    with (
        serving(FILES, large=LARGE, wrong_sums=True) as (address, _),
        pytest.raises(ModelUnavailable, match=r"v3_ctc\.onnx does not have the expected checksum"),
    ):
        ensure(tmp_path, endpoint=address)

    assert not (tmp_path / "whisper" / MODEL).exists()


def test_a_cache_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "whisper").write_text("no folder")

    with pytest.raises(ModelUnavailable, match=r"the folder '.*' of CACHE_DIR cannot be written to"):
        ensure(tmp_path)


def test_two_files_where_one_is_expected(tmp_path: Path) -> None:
    folder = tmp_path / "whisper" / MODEL
    folder.mkdir(parents=True)
    (folder / "v2_ctc.onnx").touch()
    with (
        serving(FILES, large=LARGE) as (address, _),
        pytest.raises(ModelUnavailable, match="holds several files where one is expected"),
    ):
        ensure(tmp_path, endpoint=address)
