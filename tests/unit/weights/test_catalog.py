from pathlib import Path

import pytest
from faster_whisper.utils import _MODELS

from app.core.errors import UnknownModel
from app.weights.catalog import (
    ALIASES,
    HUB_REPOSITORIES,
    available_models,
    cached_models,
    canonical_name,
    find_ct2,
    find_pt,
    resolve_model,
)
from app.weights.onnx_models import ONNX_MODELS


def _ct2(cache_dir: Path, name: str, folder: str = "whisper") -> Path:
    path = cache_dir / folder / name
    path.mkdir(parents=True)
    (path / "model.bin").touch()
    (path / "config.json").touch()
    return path


def test_the_table_is_that_of_faster_whisper() -> None:
    assert {name: _MODELS[name] for name in HUB_REPOSITORIES} == dict(HUB_REPOSITORIES)
    assert {_MODELS[alias] for alias in ALIASES} == {HUB_REPOSITORIES[name] for name in ALIASES.values()}
    assert set(_MODELS) == {*HUB_REPOSITORIES, *ALIASES}


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("turbo", "large-v3-turbo"),
        ("large", "large-v3"),
        (" Base ", "base"),
        ("tiny.en", "tiny.en"),
        ("Mine", "Mine"),
        ("GigaAM-v3", "gigaam-v3-e2e-rnnt"),
        ("nemo-canary-1b-v2", "nemo-canary-1b-v2"),
    ],
)
def test_canonical_name(name: str, canonical: str) -> None:
    assert canonical_name(name) == canonical


def test_models_of_the_cache_are_added(tmp_path: Path) -> None:
    _ct2(tmp_path, "my-model")
    _ct2(tmp_path, "turbo")
    (tmp_path / "wisper").mkdir()
    (tmp_path / "wisper" / "fine-tuned.pt").touch()
    (tmp_path / "whisper" / "notes.txt").touch()
    (tmp_path / "whisper" / "half").mkdir()
    (tmp_path / "whisper" / ".small.hub.part").mkdir()

    assert cached_models(tmp_path) == ["fine-tuned", "large-v3-turbo", "my-model"]
    assert available_models(tmp_path) == [*HUB_REPOSITORIES, *ONNX_MODELS, "fine-tuned", "my-model"]


def test_weights_are_found_under_an_alias_and_in_both_folders(tmp_path: Path) -> None:
    turbo = _ct2(tmp_path, "turbo", "wisper")
    (tmp_path / "wisper" / "large.pt").touch()

    assert find_ct2("large-v3-turbo", tmp_path) == turbo
    assert find_ct2("turbo", tmp_path) == turbo
    assert find_pt("large-v3", tmp_path) == tmp_path / "wisper" / "large.pt"
    assert find_ct2("base", tmp_path) is None


def test_resolve_accepts_names_aliases_and_the_cache(tmp_path: Path) -> None:
    _ct2(tmp_path, "my-model")

    assert resolve_model("my-model", tmp_path) == "my-model"
    assert resolve_model("turbo", tmp_path) == "large-v3-turbo"


@pytest.mark.parametrize(
    "name", ["gigantic", "", "../base", "whisper/base", "base\0", "BASE.PT", "/etc", "x" * 500]
)
def test_resolve_refuses_the_rest_and_names_the_choices(tmp_path: Path, name: str) -> None:
    _ct2(tmp_path, "base")

    with pytest.raises(UnknownModel, match=r"choose one of: tiny, .*turbo\.") as caught:
        resolve_model(name, tmp_path)

    assert len(str(caught.value)) < 700
    assert "base" in caught.value.extra["choices"]  # type: ignore[operator]
