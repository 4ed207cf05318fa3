"""How many windows are decoded together on a GPU."""

from pathlib import Path

import pytest

from app.asr.backends.faster_whisper import gpu_batches
from app.asr.backends.faster_whisper.gpu_batches import (
    WhisperShape,
    fitting_windows,
    whisper_batch_limits,
    window_bytes,
)
from app.asr.hardware import CPU_BATCH, GPU_BATCH, MOST_GPU_BATCH, Device
from app.core.config import Settings
from app.weights.files import WeightsError

BASE = WhisperShape(512, 1500, 6, 448, 51865)
TURBO = WhisperShape(1280, 1500, 4, 448, 51866)
LARGE_V3 = WhisperShape(1280, 1500, 32, 448, 51866)
GIB = 2**30
GPU = Device("cuda", 1)


@pytest.mark.parametrize(
    ("shape", "compute_type", "megabytes"),
    [
        (BASE, "float16", 147),
        (BASE, "int8_float16", 147),
        (BASE, "float32", 291),
        (TURBO, "float16", 325),
        (LARGE_V3, "float16", 861),
    ],
)
def test_what_a_window_takes(shape: WhisperShape, compute_type: str, megabytes: int) -> None:
    assert round(window_bytes(shape, compute_type, 5) / 1e6) == megabytes


def test_a_wider_beam_takes_more_and_a_narrower_one_no_less() -> None:
    """Windows that are decoded again are sampled five times, whatever the beam."""
    five = window_bytes(TURBO, "float16", 5)
    assert window_bytes(TURBO, "float16", 10) > five
    assert window_bytes(TURBO, "float16", 1) == five


@pytest.mark.parametrize(
    ("gibibytes", "base", "turbo", "large"),
    [(80, 32, 32, 32), (24, 32, 32, 22), (8, 32, 19, 7), (1.5, 8, 3, 1), (0.8, 4, 1, 1)],
)
def test_batches_by_free_memory(
    monkeypatch: pytest.MonkeyPatch, gibibytes: float, base: int, turbo: int, large: int, tmp_path: Path
) -> None:
    asked: list[int] = []

    def free(index: int) -> int:
        asked.append(index)
        return int(gibibytes * GIB)

    monkeypatch.setattr(gpu_batches, "free_bytes", free)
    shapes = iter((BASE, TURBO, LARGE_V3))
    monkeypatch.setattr(WhisperShape, "read", lambda folder: next(shapes))

    found = [whisper_batch_limits(Settings(), GPU, tmp_path, "float16").windows for _ in range(3)]

    assert found == [base, turbo, large]
    assert asked == [1, 1, 1]


def test_the_one_measurement_is_met() -> None:
    """`base` in 1,500 MiB: batches of 12 did not fit, those of 6 did (docs/research/measurements.md)."""
    assert 6 <= fitting_windows(1500 * 2**20, BASE, "float16", 5) < 12


def test_a_setting_has_the_last_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(gpu_batches, "free_bytes", lambda index: pytest.fail("not asked"))

    assert whisper_batch_limits(Settings(batch_size=64), GPU, tmp_path, "float16").windows == 64
    assert whisper_batch_limits(Settings(), Device("cpu"), tmp_path, "int8").windows == CPU_BATCH


@pytest.mark.weights
def test_the_shape_is_read_from_the_weights(base_weights: Path) -> None:
    assert WhisperShape.read(base_weights / "whisper" / "base") == BASE


def test_weights_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.bin").write_bytes(b"nothing of it")
    with pytest.raises(WeightsError):
        WhisperShape.read(tmp_path)

    monkeypatch.setattr(gpu_batches, "free_bytes", lambda index: 80 * GIB)
    assert whisper_batch_limits(Settings(), GPU, tmp_path, "float16").windows == GPU_BATCH


def test_where_the_free_memory_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_batches, "free_bytes", lambda index: None)

    assert whisper_batch_limits(Settings(), GPU, tmp_path, "float16").windows == GPU_BATCH < MOST_GPU_BATCH
