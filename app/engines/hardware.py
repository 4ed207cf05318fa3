"""What the machine offers to a model: processors, a GPU, number formats."""

import os
from pathlib import Path

from app.core.errors import ModelUnavailable

MAX_USEFUL_THREADS = 4
"""More threads than this bring one Whisper model little (measured on int8, CTranslate2)."""

_CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota_file: Path = _CGROUP_QUOTA) -> int:
    """Processors that this process may use: by affinity, and by the container's quota (cgroup v2)."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return affinity if quota == "max" else max(1, min(affinity, int(quota) // int(period)))
    except (OSError, ValueError):
        return affinity


def model_threads(wanted: int) -> int:
    """Threads for one model; `wanted` 0 chooses from the cores."""
    return wanted or min(MAX_USEFUL_THREADS, usable_cores())


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
