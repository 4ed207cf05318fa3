import ctypes
from math import inf
from pathlib import Path

import psutil
import pytest

from app.asr.hardware import (
    AVX512_FLAGS,
    CPU_BATCH,
    CPU_BATCH_SECONDS,
    GPU_BATCH,
    MAX_USEFUL_THREADS,
    BatchLimits,
    Device,
    batch_limits,
    choose_compute_type,
    model_threads,
    return_freed_memory,
    runtime_environment,
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
    ("wanted", "device", "limits"),
    [
        (0, "cpu", BatchLimits(CPU_BATCH, CPU_BATCH_SECONDS)),
        (0, "cuda", BatchLimits(GPU_BATCH, inf)),
        (16, "cpu", BatchLimits(16, inf)),
    ],
)
def test_batches_are_limited_by_their_sound_unless_their_size_is_given(
    wanted: int, device: str, limits: BatchLimits
) -> None:
    assert batch_limits(wanted, device) == limits


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
