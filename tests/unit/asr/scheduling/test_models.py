from collections.abc import Callable
from pathlib import Path

import pytest

from app.asr.scheduling.models import ModelPool
from app.core.config import Settings
from app.core.errors import ModelUnavailable
from tests.unit.weights.models import write_random_checkpoint

pytestmark = pytest.mark.weights


@pytest.fixture
def cache(cache_with_base: Path) -> Path:
    """`base`, and the small random models `mine` and `yours` as `.pt` files."""
    write_random_checkpoint(cache_with_base / "whisper" / "mine.pt")
    write_random_checkpoint(cache_with_base / "whisper" / "yours.pt")
    return cache_with_base


def test_models_are_kept_up_to_the_limit(settings_for: Callable[..., Settings], cache: Path) -> None:
    """Who makes room is for the dispatcher to say; the pool tells who was used last."""
    pool = ModelPool(settings_for(cache_dir=cache, models_in_memory=2))

    for name in ("mine", "yours"):
        pool.put(name, pool.load(name))

    assert pool.capacity == 2
    assert pool.get("base") is None
    assert pool.loaded == ("mine", "yours")
    assert pool.get("mine") is not None
    assert pool.loaded == ("yours", "mine")


def test_an_evicted_model_is_unloaded(settings_for: Callable[..., Settings], cache: Path) -> None:
    pool = ModelPool(settings_for(cache_dir=cache))

    engine = pool.load("mine")
    pool.put("mine", engine)
    runtime = engine._backend._runtime.model  # type: ignore[attr-defined]
    assert runtime.model_is_loaded
    assert (engine.info.engine, engine.info.model, engine.info.device) == ("faster-whisper", "mine", "cpu")
    assert engine.info.compute_type == "int8"

    pool.evict("mine")

    assert pool.loaded == ()
    assert not runtime.model_is_loaded


def test_auto_converts_a_pt_file_for_the_fast_engine(
    settings_for: Callable[..., Settings], cache: Path
) -> None:
    engine = ModelPool(settings_for(cache_dir=cache, engine="auto")).load("mine")
    assert engine.info.engine == "faster-whisper"


def test_auto_falls_back_to_openai_whisper(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "base").unlink()  # no tokenizer is left, so that the conversion fails

    info = ModelPool(settings_for(cache_dir=cache, engine="auto")).load("mine").info
    assert (info.engine, info.model, info.compute_type) == ("openai-whisper", "mine", "float32")


def test_faster_whisper_does_not_fall_back(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "base").unlink()
    pool = ModelPool(settings_for(cache_dir=cache, engine="faster-whisper"))

    with pytest.raises(ModelUnavailable, match="tokenizer"):
        pool.load("mine")


def test_broken_weights_are_told(settings_for: Callable[..., Settings], cache: Path) -> None:
    (cache / "whisper" / "bad").mkdir()
    (cache / "whisper" / "bad" / "model.bin").write_bytes(b"\6\0\0\0")
    (cache / "whisper" / "bad" / "config.json").write_text("{}")
    (cache / "whisper" / "worse.pt").write_bytes(b"\6\0\0\0")

    with pytest.raises(ModelUnavailable, match=r"'bad' cannot be loaded: .*incomplete"):
        ModelPool(settings_for(cache_dir=cache)).load("bad")
    with pytest.raises(ModelUnavailable, match=r"'worse' cannot be loaded \(UnpicklingError\)"):
        ModelPool(settings_for(cache_dir=cache, engine="openai-whisper")).load("worse")


@pytest.mark.parametrize("engine", ["faster-whisper", "openai-whisper"])
def test_a_gpu_that_is_not_there_is_told(
    settings_for: Callable[..., Settings], cache: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")

    with pytest.raises(ModelUnavailable, match="DEVICE=cuda is set"):
        ModelPool(settings_for(cache_dir=cache, engine=engine, device="cuda")).load("mine")


def test_a_server_may_have_any_number_of_models(settings_for: Callable[..., Settings]) -> None:
    """They take no memory here, and need no weights."""
    pool = ModelPool(settings_for(engine="remote", remote_url="http://127.0.0.1:9/v1"))
    for name in ("base", "turbo"):
        pool.put(name, pool.load(name))

    assert pool.capacity > 1000
    assert [pool.get(name).info.engine for name in pool.loaded] == ["remote", "remote"]  # type: ignore[union-attr]
    for name in pool.loaded:
        pool.evict(name)
