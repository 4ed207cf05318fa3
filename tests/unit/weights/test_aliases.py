"""Names of models in the words of other services."""

from pathlib import Path

import pytest

from app.weights.aliases import OPENAI_MODELS, local_name, other_names
from app.weights.catalog import HUB_REPOSITORIES, canonical_name
from app.weights.onnx_models import ONNX_MODELS


def found(name: str, cache_dir: Path, **own: str) -> str:
    return canonical_name(local_name(name, "small", own, cache_dir))


@pytest.mark.parametrize(
    "name",
    [
        *OPENAI_MODELS,
        "gpt-4o-mini-transcribe-2025-12-15",
        "gpt-4o-transcribe-latest",
        "openai/whisper-1",
        "Whisper-1",
    ],
)
def test_openais_own_models_stand_for_the_default(tmp_path: Path, name: str) -> None:
    assert found(name, tmp_path) == "small"


@pytest.mark.parametrize(
    ("name", "model"),
    [
        *((repository, name) for name, repository in HUB_REPOSITORIES.items()),
        ("whisper-large-v3-turbo", "large-v3-turbo"),
        ("whisper-large-v3", "large-v3"),
        ("distil-whisper-large-v3-en", "distil-large-v3"),
        ("openai/whisper-large-v3", "large-v3"),
        ("openai/whisper-tiny.en", "tiny.en"),
        ("groq/whisper-large-v3-turbo", "large-v3-turbo"),
        ("deepdml/faster-whisper-large-v3-turbo-ct2", "large-v3-turbo"),
        ("deepdml/faster-distil-whisper-large-v3.5", "distil-large-v3.5"),
        ("distil-whisper/distil-medium.en", "distil-medium.en"),
        ("guillaumekln/faster-whisper-medium", "medium"),
        ("ggml-base.en.bin", "base.en"),
        ("ggml-large-v3-q5_0.bin", "large-v3"),
        ("whisper-large", "large-v3"),
        ("whisper-turbo", "large-v3-turbo"),
        ("systran/faster-whisper-base-int8", "base"),
        ("nvidia/parakeet-tdt-0.6b-v3", "nemo-parakeet-tdt-0.6b-v3"),
        ("istupakov/parakeet-tdt-0.6b-v2-onnx", "nemo-parakeet-tdt-0.6b-v2"),
        ("nvidia/canary-1b-v2", "nemo-canary-1b-v2"),
        ("nvidia/stt_ru_fastconformer_hybrid_large_pc", "nemo-fastconformer-ru-rnnt"),
        ("istupakov/stt_ru_fastconformer_hybrid_large_pc_onnx", "nemo-fastconformer-ru-rnnt"),
        ("istupakov/gigaam-v3-onnx", "gigaam-v3-e2e-rnnt"),
        ("istupakov/gigaam-multilingual-large-ctc-onnx", "gigaam-multilingual-large-ctc"),
        ("ai-sage/GigaAM-v3", "gigaam-v3-e2e-rnnt"),
        ("gigaam-v3-ctc-int8", "gigaam-v3-ctc"),
    ],
)
def test_ids_of_the_hub_and_their_like(tmp_path: Path, name: str, model: str) -> None:
    assert found(name, tmp_path) == model


@pytest.mark.parametrize(
    "name",
    ["huge", "", "../base", "gpt-4o", "someone/whisper-small-polish", "nova-3", "whisper-2", "a" * 500],
)
def test_what_means_nothing_is_left_as_it_is(tmp_path: Path, name: str) -> None:
    assert local_name(name, "small", {}, tmp_path) == name


def test_own_aliases_come_first(tmp_path: Path) -> None:
    own = {"nova-3": "turbo", "whisper-1": "tiny"}
    assert found("Nova-3", tmp_path, **own) == "large-v3-turbo"
    assert found("whisper-1", tmp_path, **own) == "tiny"


def test_a_model_of_the_users_own_keeps_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "whisper" / "faster-whisper-base"
    folder.mkdir(parents=True)
    (folder / "model.bin").touch()
    (folder / "config.json").touch()
    assert found("faster-whisper-base", tmp_path) == "faster-whisper-base"


def test_other_names_are_told() -> None:
    names = other_names("large-v3-turbo", "turbo", {"nova-3": "turbo"})
    assert {"turbo", "whisper-1", "gpt-transcribe", "whisper-large-v3-turbo", "nova-3"} <= set(names)
    assert names[-1] == HUB_REPOSITORIES["large-v3-turbo"]
    assert "large-v3-turbo" not in names
    assert other_names("mine", "turbo", {}) == []
    assert other_names("gigaam-v3-ctc", "turbo", {"ru": "gigaam-v3-ctc"}) == ["ru"]


@pytest.mark.parametrize("model", ONNX_MODELS)
def test_a_repository_of_several_models_stands_for_one_of_them(tmp_path: Path, model: str) -> None:
    told = other_names(model, "turbo", {})
    assert all(found(name, tmp_path) == model for name in told)
    assert (ONNX_MODELS[model].repository in told) is (
        found(ONNX_MODELS[model].repository, tmp_path) == model
    )
