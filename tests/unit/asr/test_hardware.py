import ctypes
from math import inf
from pathlib import Path

import psutil
import pytest

from app.asr import hardware
from app.asr.hardware import (
    AVX512_FLAGS,
    CPU_BATCH,
    CPU_BATCH_SECONDS,
    GPU_BATCH,
    MAX_USEFUL_THREADS,
    MOST_GPU_BATCH,
    BatchLimits,
    Device,
    batch_limits,
    choose_compute_type,
    model_threads,
    return_freed_memory,
    runtime_environment,
    tasks_in_flight,
)
from app.core.config import Settings
from app.core.errors import ModelUnavailable

CPU = {"int8", "int8_float32", "float32"}


def test_threads() -> None:
    assert model_threads(7) == 7
    assert 1 <= model_threads(0) <= MAX_USEFUL_THREADS


@pytest.mark.parametrize(
    ("wanted", "device", "supported", "chosen"),
    [
        ("auto", "cpu", CPU, "int8"),
        ("auto", "cpu", {"float32"}, "float32"),
        ("auto", "cuda", {"float16", "int8_float16", "float32"}, "float16"),
        ("auto", "cuda", {"float32", "int8"}, "float32"),
        ("float32", "cpu", CPU, "float32"),
    ],
)
def test_compute_type(wanted: str, device: str, supported: set[str], chosen: str) -> None:
    assert choose_compute_type(wanted, device, supported) == chosen


def test_a_compute_type_that_does_not_run_is_told() -> None:
    with pytest.raises(ModelUnavailable, match=r"COMPUTE_TYPE=float16 .* float32, int8, int8_float32"):
        choose_compute_type("float16", "cpu", CPU)


@pytest.mark.parametrize(
    ("wanted", "device", "fitting", "limits"),
    [
        (0, "cpu", None, BatchLimits(CPU_BATCH, CPU_BATCH_SECONDS)),
        (0, "cuda", None, BatchLimits(GPU_BATCH, inf)),
        (0, "cuda", 5, BatchLimits(5, inf)),
        (0, "cuda", 500, BatchLimits(MOST_GPU_BATCH, inf)),
        (16, "cpu", None, BatchLimits(16, inf)),
        (64, "cuda", 5, BatchLimits(64, inf)),
    ],
)
def test_batches_are_limited_by_their_sound_unless_their_size_is_given(
    wanted: int, device: str, fitting: int | None, limits: BatchLimits
) -> None:
    assert batch_limits(wanted, device, fitting) == limits


@pytest.mark.parametrize(
    ("gpu", "given", "recordings"),
    [
        (False, {}, 16),
        (False, {"batch_size": 64}, 128),
        (True, {}, 2 * MOST_GPU_BATCH),
        (True, {"batch_size": 2}, 8),
        (True, {"device": "cpu"}, 16),
        (True, {"tasks_in_flight": 3}, 3),
    ],
)
def test_recordings_in_hand_fill_the_batches_that_run_and_those_that_follow(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, given: dict[str, object], recordings: int
) -> None:
    monkeypatch.setattr(hardware, "has_gpu", lambda: gpu)

    assert tasks_in_flight(Settings.model_validate({"cpu_threads": 1, **given})) == recordings


def test_what_the_engine_process_finds_in_its_environment() -> None:
    """The decoder's threads follow CPU_THREADS, numpy's do not; what the CUDA driver compiles is kept."""
    environment = runtime_environment(Settings(cpu_threads=16, cache_dir=Path("/srv/_cache")), AVX512_FLAGS)
    assert environment["OMP_NUM_THREADS"] == "4"
    assert environment["OPENBLAS_NUM_THREADS"] == "1"
    assert environment["CUDA_CACHE_PATH"] == "/srv/_cache/cuda"
    assert environment["CT2_FORCE_CPU_ISA"] == "AVX512"

    environment = runtime_environment(Settings(cpu_threads=2, device="cpu"), frozenset())
    assert environment["OMP_NUM_THREADS"] == "1"
    assert not {"CUDA_CACHE_PATH", "CT2_FORCE_CPU_ISA"} & environment.keys()


def test_memory_that_is_freed_between_what_is_in_use_goes_back() -> None:
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    size, count = 64 * 1024, 1024
    blocks = [libc.malloc(size) for _ in range(count)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    for block in blocks[:-1]:
        libc.free(block)
    before = psutil.Process().memory_info().rss

    return_freed_memory()

    assert before - psutil.Process().memory_info().rss > size * count / 2
    libc.free(blocks[-1])


@pytest.mark.parametrize(
    ("wanted", "gpus", "device"),
    [
        ("auto", 0, Device("cpu")),
        ("auto", 2, Device("cuda")),
        ("cpu", 2, Device("cpu")),
        ("cuda", 1, Device("cuda")),
        ("cuda:1", 2, Device("cuda", 1)),
    ],
)
def test_the_device_that_was_asked_for(wanted: str, gpus: int, device: Device) -> None:
    assert Device.choose(wanted, gpus) == device


@pytest.mark.parametrize(("wanted", "gpus"), [("cuda", 0), ("cuda:2", 2)])
def test_a_gpu_that_is_not_there(wanted: str, gpus: int) -> None:
    with pytest.raises(ModelUnavailable, match=f"DEVICE={wanted}"):
        Device.choose(wanted, gpus)
