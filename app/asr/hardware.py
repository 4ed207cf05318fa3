"""What the machine offers to a model: processors, a GPU, number formats, memory."""

import ctypes
import platform
from dataclasses import dataclass
from math import inf
from pathlib import Path

from app.core.config import Settings
from app.core.errors import ModelUnavailable
from app.core.gpus import has_gpu
from app.core.machine import usable_cores

MAX_USEFUL_THREADS = 4
"""More threads than this bring one Whisper model little (measured on int8, CTranslate2)."""

MAX_DECODE_WORKERS = 4
"""Batches at a time, before each gets more threads: every one needs memory of its own."""

MIN_TASKS_IN_FLIGHT = 8

AVX512_FLAGS = frozenset({"avx512f", "avx512cd", "avx512vl", "avx512bw", "avx512dq"})
"""What CTranslate2 asks of a processor before it uses AVX-512 (src/cpu/cpu_info.cc)."""

GLIBC_TUNABLES = ":".join(
    (
        "glibc.malloc.arena_max=1",  # what one thread has freed is used by the others, too
        "glibc.malloc.mmap_threshold=4194304",  # big buffers go back to the system …
        "glibc.malloc.hugetlb=1",  # … and cost few page faults when they come again
    )
)
"""For glibc's malloc: the memory of a long recording is bounded by what is in use, not by fragmentation of
arenas."""

CPU_BATCH, GPU_BATCH = 8, 24
"""Windows in a batch; on a GPU, where its free memory is not known."""

MOST_GPU_BATCH = 32
"""The largest batch that was measured on a GPU, 6 % faster than one of 16 (docs/research/measurements.md)."""

CPU_BATCH_SECONDS = 60.0
"""Sound in a batch on a CPU: more is no faster (docs/research/measurements.md)."""


def model_threads(wanted: int) -> int:
    """Threads for one model; `wanted` 0 chooses from the cores."""
    return wanted or min(MAX_USEFUL_THREADS, usable_cores())


@dataclass(frozen=True, slots=True)
class Device:
    """Where a model runs: `kind` is `cpu` or `cuda`, `index` which of several GPUs."""

    kind: str
    index: int = 0

    def __str__(self) -> str:
        return f"{self.kind}:{self.index}" if self.index else self.kind

    @classmethod
    def choose(cls, wanted: str, gpus: int) -> "Device":
        """That of the setting DEVICE on a machine with so many GPUs. Raises ModelUnavailable."""
        kind, _, number = wanted.partition(":")
        index = int(number or 0)
        if kind == "cuda" and not gpus:
            raise ModelUnavailable(
                f"DEVICE={wanted} is set, but no NVIDIA GPU can be used here; set DEVICE to auto or cpu."
            )
        if kind == "cuda" and index >= gpus:
            raise ModelUnavailable(
                f"DEVICE={wanted} is set, but the {gpus} GPUs of this machine are numbered from 0; "
                "set DEVICE to one of them."
            )
        return cls("cuda" if gpus else "cpu") if kind == "auto" else cls(kind, index)


@dataclass(frozen=True, slots=True)
class DecodeWorkers:
    """Batches that are computed at the same time, and the threads of each."""

    count: int
    threads: int


def choose_decode_workers(cpu_threads: int, device: str) -> DecodeWorkers:
    """How a model's threads are shared out; `cpu_threads` 0 takes all cores.

    Several batches of one thread each do more than one batch of several threads
    (docs/research/measurements.md). A GPU takes one batch at a time.
    """
    if device == "cuda":
        return DecodeWorkers(1, model_threads(cpu_threads))
    threads = cpu_threads or usable_cores()
    count = min(threads, MAX_DECODE_WORKERS)
    return DecodeWorkers(count, min(MAX_USEFUL_THREADS, threads // count))


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """How much is decoded together at most: windows, and seconds of sound with the silence behind each."""

    windows: int
    seconds: float


def batch_limits(wanted: int, device: str, fitting: int | None = None) -> BatchLimits:
    """The limits of batches; those of `wanted` windows, where it is not 0, may be of any length.

    `fitting` windows have room in the memory of a GPU; None: not known.
    """
    seconds = inf if wanted or device != "cpu" else CPU_BATCH_SECONDS
    chosen = batch_size(device) if fitting is None else min(MOST_GPU_BATCH, fitting)
    return BatchLimits(wanted or chosen, seconds)


def batch_size(device: str) -> int:
    """Windows that are decoded together: more bring nothing on a CPU; a GPU says when it has no room."""
    return CPU_BATCH if device == "cpu" else GPU_BATCH


def choose_compute_type(wanted: str, device: str, supported: set[str]) -> str:
    """CTranslate2 compute type for a device. Raises ModelUnavailable where `wanted` does not run there."""
    if wanted not in ("auto", "default"):
        if wanted in supported:
            return wanted
        choices = ", ".join(sorted(supported))
        raise ModelUnavailable(
            f"COMPUTE_TYPE={wanted} does not run on this {device} device; "
            f"set it to auto or to one of: {choices}."
        )
    preferred = ("float16", "int8_float16") if device == "cuda" else ("int8",)
    return next((name for name in preferred if name in supported), "float32")


def tasks_in_flight(settings: Settings) -> int:
    """Recordings that a worker has in hand at a time: enough to fill the batches that run and those that
    follow."""
    if settings.tasks_in_flight:
        return settings.tasks_in_flight
    if settings.engine == "remote":
        return max(MIN_TASKS_IN_FLIGHT, 2 * settings.remote_concurrency)
    if settings.device != "cpu" and has_gpu():
        return max(MIN_TASKS_IN_FLIGHT, 2 * (settings.batch_size or MOST_GPU_BATCH))
    decode_workers = choose_decode_workers(settings.cpu_threads, "cpu").count
    return max(MIN_TASKS_IN_FLIGHT, 2 * decode_workers * (settings.batch_size or CPU_BATCH))


def runtime_environment(settings: Settings, cpu_flags: frozenset[str] | None = None) -> dict[str, str]:
    """Variables that CTranslate2, numpy, the CUDA driver and the C library read when the engine process
    starts.

    docs/research/measurements.md has what each of them brings. What the user has set himself wins.
    """
    flags = _cpu_flags() if cpu_flags is None else cpu_flags
    found = {
        "OMP_NUM_THREADS": str(choose_decode_workers(settings.cpu_threads, "cpu").threads),
        "OPENBLAS_NUM_THREADS": "1",  # numpy's: recordings have threads, or reader processes, of their own
        "CT2_USE_MKL": "0",  # on Intel, MKL is as fast as oneDNN and hoards memory
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "0",  # a kernel for every length of window, 60 MB of them
    }
    if settings.device != "cpu":  # kernels that the driver compiles at the first start: 12 s on an H100
        found["CUDA_CACHE_PATH"] = str(settings.cache_dir.absolute() / "cuda")
    if flags >= AVX512_FLAGS:
        found["CT2_FORCE_CPU_ISA"] = "AVX512"  # CTranslate2 does not take it by itself
    if platform.libc_ver()[0] == "glibc":
        found["GLIBC_TUNABLES"] = GLIBC_TUNABLES
    return found


def return_freed_memory() -> None:
    """Return unused heap pages to the operating system, where the C library can (glibc).

    By itself it returns only what is free at the end of the heap. Free pages between blocks in use would
    accumulate, one recording after another.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def _cpu_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    try:
        lines = cpuinfo.read_text().splitlines()
    except OSError:
        return frozenset()
    return frozenset(next((line for line in lines if line.startswith("flags")), "").split())
