"""What the machine says it spends: counters of the processor (RAPL), power and memory of NVIDIA GPUs.

The counters are the machine's, not a process's: whatever else runs is counted, too. Many machines tell
nothing (virtual ones, and RAPL is root's since CVE-2020-8694): that is said, not guessed.
"""

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import IO

POWERCAP = Path("/sys/class/powercap")
PACKAGES = "intel-rapl:[0-9]*"
"""A package a processor; `intel-rapl:0:0` are parts of it. AMD's counters have the same names."""

NVIDIA_SMI = "nvidia-smi"
GPU_QUERY = ("--query-gpu=power.draw,memory.used", "--format=csv,noheader,nounits", "--loop-ms=200")
UNTOLD = "not told by this machine (no RAPL counter that may be read, no NVIDIA GPU)"


@dataclass(slots=True)
class RaplCounter:
    """One processor's counter in microjoules, which begins anew at `limit`."""

    path: Path
    limit: int
    last: int
    joules: float = 0.0

    @classmethod
    def opened(cls, folder: Path) -> "RaplCounter":
        """Raises OSError or ValueError where it cannot be read."""
        path = folder / "energy_uj"
        return cls(path, int((folder / "max_energy_range_uj").read_text()), int(path.read_text()))

    def read(self) -> float:
        """Joules since it was opened; to be read more often than it begins anew (minutes under full load)."""
        now = int(self.path.read_text())
        self.joules += (now - self.last) % (self.limit + 1) / 1e6
        self.last = now
        return self.joules


@dataclass(slots=True)
class GpuWatch:
    """Watts and MiB of all GPUs as nvidia-smi writes them: summed up over time, and the most at a time."""

    joules: float = 0.0
    peak_mb: float = 0.0
    _watts: dict[int, float] = field(default_factory=dict)
    _mb: dict[int, float] = field(default_factory=dict)

    def follow(self, lines: IO[str], gpus: int) -> None:
        """Read until the end: lines of watts and MiB, GPU by GPU in turn."""
        marks = self._marks(lines, gpus)
        for (before, watts), (now, _) in pairwise(marks):
            self.joules += (now - before) * watts

    def _marks(self, lines: IO[str], gpus: int) -> Iterator[tuple[float, float]]:
        for number, line in enumerate(lines):
            watts, _, mb = line.partition(",")
            self._watts[number % gpus], self._mb[number % gpus] = _figure(watts), _figure(mb)
            self.peak_mb = max(self.peak_mb, sum(self._mb.values()))
            yield time.monotonic(), sum(self._watts.values())

    def read(self) -> float:
        """Joules so far."""
        return self.joules


def _figure(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "[N/A]": this GPU does not tell
        return 0.0


@dataclass(frozen=True, slots=True)
class EnergyMeter:
    """All counters of the machine together; `source` says for people what is counted."""

    counters: tuple[RaplCounter | GpuWatch, ...]
    source: str = UNTOLD

    def joules(self) -> float | None:
        """Since the meter was opened; None where the machine does not tell."""
        return sum(counter.read() for counter in self.counters) if self.counters else None

    def gpu_peak_mb(self) -> float | None:
        """Most memory of the GPUs since then, with all that ran there; None without a GPU."""
        watched = [counter.peak_mb for counter in self.counters if isinstance(counter, GpuWatch)]
        return sum(watched) if watched else None


@contextmanager
def energy_meter(powercap: Path = POWERCAP, nvidia_smi: str = NVIDIA_SMI) -> Iterator[EnergyMeter]:
    """What can be counted here; ends what it starts."""
    rapl = list(_rapl_counters(powercap))
    program = shutil.which(nvidia_smi)
    gpus = _gpu_count(program) if program else 0
    names = ["processors (RAPL)"] * bool(rapl) + ["GPUs (nvidia-smi)"] * bool(gpus)
    source = f"{' and '.join(names)}, with all that ran" if names else UNTOLD
    if program is None or not gpus:
        yield EnergyMeter(tuple(rapl), source)
        return
    watch = GpuWatch()
    with _followed([program, *GPU_QUERY], watch, gpus):
        yield EnergyMeter((*rapl, watch), source)


def _rapl_counters(powercap: Path) -> Iterator[RaplCounter]:
    for folder in sorted(powercap.glob(PACKAGES)):
        if folder.name.count(":") == 1:
            try:
                yield RaplCounter.opened(folder)
            except (OSError, ValueError):
                continue


def _gpu_count(program: str) -> int:
    listed = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return 0 if listed.returncode else sum(line.startswith("GPU ") for line in listed.stdout.splitlines())


@contextmanager
def _followed(command: Sequence[str], watch: GpuWatch, gpus: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process.stdout as lines:
        thread = threading.Thread(target=watch.follow, args=(lines, gpus), daemon=True)
        thread.start()
        try:
            yield
        finally:
            process.terminate()
            thread.join()
            process.wait()
