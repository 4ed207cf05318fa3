from pathlib import Path
from typing import get_args

import pytest
from onnx_asr.loader import AsrNames, create_asr_resolver
from onnx_asr.resolver import model_repos

from app.core.errors import ModelUnavailable
from app.core.languages import LANGUAGES
from app.weights.catalog import cached_models, find_onnx
from app.weights.onnx_models import CONFIG, ONNX_ALIASES, ONNX_MODELS, OnnxForm, OnnxWeights, forms_of

MODEL = "nemo-parakeet-tdt-0.6b-v3"


def fill(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).touch()


def test_the_names_are_those_of_onnx_asr() -> None:
    named = {name for name in get_args(AsrNames) if "/" not in name and not name.startswith("whisper")}
    assert set(ONNX_MODELS) == named
    assert set(ONNX_ALIASES.values()) <= named
    assert not ONNX_ALIASES.keys() & named


@pytest.mark.parametrize("name", ONNX_MODELS)
def test_the_table_is_that_of_onnx_asr(name: str, tmp_path: Path) -> None:
    model = ONNX_MODELS[name]
    assert model.repository == model_repos[name]
    assert set(model.languages) <= set(LANGUAGES)
    kind = create_asr_resolver(name, tmp_path, offline=True).model_type
    for form, quantization in (("float32", None), ("int8", "int8")):
        files = set(kind._get_model_files(quantization).values())
        assert set(model.needed(form)) - {CONFIG} == files  # type: ignore[arg-type]


def test_a_model_is_whole_with_all_its_files(tmp_path: Path) -> None:
    folder = tmp_path / "whisper" / MODEL
    fill(folder, "encoder-model.onnx", "decoder_joint-model.onnx", "vocab.txt")
    assert find_onnx(MODEL, tmp_path) is None
    assert cached_models(tmp_path) == []

    fill(folder, "config.json", "encoder-model.onnx.data", "encoder-model.onnx.sha256", "README.md")
    files = ("decoder_joint-model.onnx", "encoder-model.onnx", "encoder-model.onnx.data")
    whole = OnnxWeights(folder, "float32", tuple(folder / name for name in files))
    assert find_onnx(MODEL, tmp_path) == whole
    assert find_onnx(MODEL, tmp_path, ("int8", "float32")) == whole
    assert find_onnx(MODEL, tmp_path, ("int8",)) is None
    assert cached_models(tmp_path) == [MODEL]


def test_the_preferred_form_is_taken_wherever_it_lies(tmp_path: Path) -> None:
    fill(tmp_path / "whisper" / "gigaam-v2-ctc", "v2_ctc.onnx", "v2_vocab.txt")
    rounded = tmp_path / "wisper" / "gigaam-v2-ctc"
    fill(rounded, "v2_ctc.int8.onnx", "v2_vocab.txt")

    found = find_onnx("gigaam-v2-ctc", tmp_path, ("int8", "float32"))

    assert found == OnnxWeights(rounded, "int8", (rounded / "v2_ctc.int8.onnx",))


def test_a_folder_with_an_alias_for_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "whisper" / "gigaam-v2"
    fill(folder, "v2_rnnt_encoder.onnx", "v2_rnnt_decoder.onnx", "v2_rnnt_joint.onnx", "v2_vocab.txt")

    assert cached_models(tmp_path) == ["gigaam-v2-rnnt"]
    found = find_onnx("gigaam-v2-rnnt", tmp_path)
    assert found is not None
    assert found.folder == folder


@pytest.mark.parametrize(
    ("compute_type", "forms"),
    [
        ("auto", ("float32", "int8")),
        ("default", ("float32", "int8")),
        ("float32", ("float32",)),
        ("int8", ("int8",)),
        ("int8_float16", ("int8", "float32")),
    ],
)
def test_forms_of_a_compute_type(compute_type: str, forms: tuple[OnnxForm, ...]) -> None:
    assert forms_of(compute_type) == forms


def test_a_compute_type_that_onnx_asr_does_not_have() -> None:
    with pytest.raises(
        ModelUnavailable, match="COMPUTE_TYPE=float16 is nothing that onnx-asr has; set it to"
    ):
        forms_of("float16")
