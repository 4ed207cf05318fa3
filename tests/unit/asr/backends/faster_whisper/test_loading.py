"""What happens to a model on a machine whose GPU is there, and does not do.

There is no GPU here: CTranslate2 is told that there is one, and what it would raise is raised in its stead.
"""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import ctranslate2
import pytest

from app.asr.backends.faster_whisper import load, loading
from app.asr.hardware import Device
from app.asr.scheduling.models import ModelPool
from app.core.config import Settings
from app.core.errors import DeviceLost, ModelUnavailable, OutOfDeviceMemory

pytestmark = pytest.mark.weights

Opened = list[tuple[str, str]]
OUT_OF_MEMORY = RuntimeError("cuBLAS failed with status CUBLAS_STATUS_ALLOC_FAILED")
NO_CUBLAS = RuntimeError("Library libcublas.so.12 is not found or cannot be loaded")


@pytest.fixture
def a_gpu_that(monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception], Opened]:
    """A GPU on which every model fails so; the ways in which models are opened."""

    def fails(error: Exception) -> Opened:
        opened: Opened = []
        really = loading._open

        def open_model(folder: Path, device: Device, compute_type: str, workers: Any) -> Any:
            opened.append((str(device), compute_type))
            if device.kind == "cuda":
                raise error
            return really(folder, device, compute_type, workers)

        monkeypatch.setattr(ctranslate2, "get_cuda_device_count", lambda: 2)
        monkeypatch.setattr(
            ctranslate2,
            "get_supported_compute_types",
            lambda device, index=0: {"int8"} | ({"float16", "int8_float16"} if device == "cuda" else set()),
        )
        monkeypatch.setattr(loading, "_open", open_model)
        return opened

    return fails


def test_a_model_that_does_not_fit_is_loaded_smaller_then_on_the_cpu(
    base_weights: Path, a_gpu_that: Callable[[Exception], Opened]
) -> None:
    opened = a_gpu_that(OUT_OF_MEMORY)
    settings = Settings(cache_dir=base_weights, device="cuda:1", encoder="torch", model_downloads=False)

    engine = ModelPool(settings).load("base")

    assert engine.info.encoder == "ctranslate2", "no second encoder where memory is short"
    assert opened == [("cuda:1", "float16"), ("cuda:1", "int8_float16"), ("cpu", "int8")]
    assert (engine.info.device, engine.info.compute_type) == ("cpu", "int8")


def test_without_cublas_auto_takes_the_cpu_and_says_why(
    base_weights: Path, a_gpu_that: Callable[[Exception], Opened], caplog: pytest.LogCaptureFixture
) -> None:
    opened = a_gpu_that(NO_CUBLAS)

    engine = load(base_weights / "whisper" / "base", "base", Settings(device="auto"))

    assert opened == [("cuda", "float16"), ("cpu", "int8")]
    assert engine.info.device == "cpu"
    assert "libcublas.so.12 cannot be loaded" in caplog.text


def test_without_cublas_cuda_names_what_is_missing(
    base_weights: Path, a_gpu_that: Callable[[Exception], Opened]
) -> None:
    a_gpu_that(NO_CUBLAS)

    with pytest.raises(ModelUnavailable, match=r"libcublas\.so\.12 .* requirements/cuda\.txt"):
        load(base_weights / "whisper" / "base", "base", Settings(device="cuda"))


def test_a_gpu_that_has_worked_before_is_lost(
    base_weights: Path, a_gpu_that: Callable[[Exception], Opened]
) -> None:
    """One that never has is no reason to end the worker: the model cannot be had, as without a library."""
    opened = a_gpu_that(RuntimeError("CUDA failed with error unspecified launch failure"))
    pool = ModelPool(Settings(cache_dir=base_weights, device="cuda", model_downloads=False))
    with pytest.raises(ModelUnavailable, match="unspecified launch failure"):
        pool.load("base")

    opened.clear()
    pool.put("other", SimpleNamespace(info=SimpleNamespace(device="cuda")))
    with pytest.raises(DeviceLost, match="unspecified launch failure"):
        pool.load("base")
    assert len(opened) == 2, "one call that fails is no proof"


def test_memory_of_the_gpu_is_no_reason_to_fetch_weights_again(
    base_weights: Path, a_gpu_that: Callable[[Exception], Opened]
) -> None:
    a_gpu_that(OUT_OF_MEMORY)

    with pytest.raises(OutOfDeviceMemory, match="not enough memory") as failed:
        load(base_weights / "whisper" / "base", "base", Settings(device="cuda"))
    assert "emove" not in str(failed.value)


@pytest.mark.parametrize("is_noted", [True, False])
def test_only_damaged_weights_are_to_be_removed(base_weights: Path, tmp_path: Path, is_noted: bool) -> None:
    folder = tmp_path / "base"
    folder.mkdir()
    for path in (base_weights / "whisper" / "base").iterdir():
        if not path.name.startswith("model.bin"):
            (folder / path.name).symlink_to(path.resolve())
    (folder / "model.bin").write_bytes(b"half of it")
    if is_noted:
        (folder / "model.bin.sha256").write_text("sha256:00 10 1\n")

    with pytest.raises(ModelUnavailable, match="damaged" if is_noted else "cannot be loaded") as failed:
        load(folder, "base", Settings(device="cpu"))
    assert ("Remove the folder" in str(failed.value)) is is_noted
