"""What processes have used: processor time and memory, each with those that it has started."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil


def families(named: Mapping[str, psutil.Process]) -> dict[str, list[psutil.Process]]:
    """Each process and its living descendants, without those that have a name of their own and theirs."""
    names = {process.pid: name for name, process in named.items()}
    running = {process.pid: process for process in psutil.process_iter(["ppid"])}
    parents = {pid: process.info["ppid"] for pid, process in running.items()}
    found = {name: [process] for name, process in named.items()}
    for pid, process in running.items():
        if pid not in names and (owner := _nearest(pid, parents, names)) is not None:
            found[owner].append(process)
    return found


def _nearest(pid: int, parents: Mapping[int, int], names: Mapping[int, str]) -> str | None:
    """The name of the nearest ancestor that has one."""
    while (parent := parents.get(pid)) is not None and parent != pid:  # macOS: 0 is its own parent
        pid = parent
        if pid in names:
            return names[pid]
    return None


def family_seconds(family: Sequence[psutil.Process]) -> float:
    """Processor time of the first process and of all its descendants so far, those that have ended included.

    Raises psutil.Error where the first one has ended.
    """
    first, *others = family
    seconds = cpu_seconds(first)
    for process in others:
        with suppress(psutil.Error):  # what ends counts as its parent's
            seconds += cpu_seconds(process)
    return seconds


def cpu_seconds(process: psutil.Process) -> float:
    """Processor time of a process so far, and of its children that have ended."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def resident_mb(process: psutil.Process) -> float:
    """Resident size of a process, in MiB; 0 for one that has ended."""
    try:
        return float(process.memory_info().rss) / 1024 / 1024
    except psutil.Error:
        return 0.0


def peak_mb(process: psutil.Process) -> float:
    """Largest resident size of a process so far, in MiB."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1]) / 1024
