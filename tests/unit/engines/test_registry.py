from collections.abc import Callable
from pathlib import Path

import pytest

from app.audio.decode import read_samples
from app.core.config import Settings
from app.core.errors import ModelUnavailable
from app.engines.base import DecodeOptions
from app.engines.registry import ModelPool
from tests.unit.weights.models import write_random_checkpoint

pytestmark = pytest.mark.weights


@pytest.fixture
def cache(cache_with_base: Path) -> Path:
    """`base`, and the small random models `mine` and `yours` as `.pt` files."""
    write_random_checkpoint(cache_with_base / "whisper" / "mine.pt")
    write_random_checkpoint(cache_with_base / "whisper" / "yours.pt")
    return cache_with_base


def test_models_are_kept_up_to_the_limit(settings_for: Callable[..., Settings], cache: Path) -> None:
    pool = ModelPool(settings_for(cache_dir=cache, models_in_memory=2))

    with pool.borrow("mine") as first:
        pass
    with pool.borrow("yours"):
        pass
    with pool.borrow("mine") as again:
        assert again is first
    with pool.borrow("base"):
        assert pool.loaded == ("mine", "base")


def test_an_evicted_model_is_unloaded(settings_for: Callable[..., Settings], cache: Path) -> None:
    pool = ModelPool(settings_for(cache_dir=cache))

    with pool.borrow("mine") as first:
        runtime = first._runtime.model  # type: ignore[attr-defined]
        assert runtime.model_is_loaded
    with pool.borrow("yours") as second:
        assert pool.loaded == ("yours",)
        assert not runtime.model_is_loaded
        assert (second.name, second.model, second.device) == ("faster-whisper", "yours", "cpu")
        assert second.compute_type == "int8"


def test_auto_converts_a_pt_file_for_the_fast_engine(
    settings_for: Callable[..., Settings], cache: Path
) -> None:
    with ModelPool(settings_for(cache_dir=cache, engine="auto")).borrow("mine") as engine:
        assert engine.name == "faster-whisper"


def test_auto_falls_back_to_openai_whisper(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "base").unlink()  # no tokenizer is left, so that the conversion fails

    with ModelPool(settings_for(cache_dir=cache, engine="auto")).borrow("mine") as engine:
        assert (engine.name, engine.model, engine.compute_type) == ("openai-whisper", "mine", "float32")


def test_faster_whisper_does_not_fall_back(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "base").unlink()
    pool = ModelPool(settings_for(cache_dir=cache, engine="faster-whisper"))

    with pytest.raises(ModelUnavailable, match="tokenizer"), pool.borrow("mine"):
        pass


def test_broken_weights_are_told(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "bad").mkdir()
    (cache / "whisper" / "bad" / "model.bin").write_bytes(b"\6\0\0\0")
    (cache / "whisper" / "bad" / "config.json").write_text("{}")
    (cache / "whisper" / "worse.pt").write_bytes(b"\6\0\0\0")

    with pytest.raises(ModelUnavailable, match=r"'bad' cannot be loaded.*remove the folder"):
        _borrow(settings_for(cache_dir=cache), "bad")
    with pytest.raises(ModelUnavailable, match=r"'worse' cannot be loaded.*remove 'worse\.pt'"):
        _borrow(settings_for(cache_dir=cache, engine="openai-whisper"), "worse")


@pytest.mark.parametrize("engine", ["faster-whisper", "openai-whisper"])
def test_a_gpu_that_is_not_there_is_told(
    settings_for: Callable[..., Settings], cache: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    with pytest.raises(ModelUnavailable, match="DEVICE=cuda is set"):
        _borrow(settings_for(cache_dir=cache, engine=engine, device="cuda"), "mine")


@pytest.mark.parametrize("engine", ["faster-whisper", "openai-whisper"])
def test_silence_gives_no_segment(
    settings_for: Callable[..., Settings], cache: Path, assets: Path, engine: str
) -> None:
    samples, _ = read_samples(assets / "silence_5s.flac")

    with ModelPool(settings_for(cache_dir=cache, engine=engine)).borrow("mine") as model:
        recognition = model.recognise(samples, DecodeOptions())
        assert list(recognition.segments) == []
        assert recognition.language is None


def _borrow(settings: Settings, model: str) -> None:
    with ModelPool(settings).borrow(model):
        pass
