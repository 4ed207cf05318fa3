"""What this process may use of its machine: processors and memory."""

import os
import re
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")
_MEMORY_INFO = Path("/proc/meminfo")


def usable_cores(quota_file: Path = _CGROUP / "cpu.max") -> int:
    """Processors that this process may use: by affinity, and by the container's quota (cgroup v2)."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = quota_file.read_text().split()
        return affinity if quota == "max" else max(1, min(affinity, int(quota) // int(period)))
    except (OSError, ValueError):
        return affinity


def available_memory(info_file: Path = _MEMORY_INFO, limit_file: Path = _CGROUP / "memory.max") -> int | None:
    """Bytes that programs may still take, by the system and by the container's limit; None: not known."""
    try:
        found = re.search(r"^MemAvailable: +(\d+) kB$", info_file.read_text(), re.MULTILINE)
    except OSError:
        return None
    if found is None:
        return None
    available = 1024 * int(found[1])
    try:
        return min(available, int(limit_file.read_text()))
    except (OSError, ValueError):  # no limit: "max"
        return available
