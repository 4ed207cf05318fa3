"""What energy the machine says it spends: counters of the processor (RAPL), power of NVIDIA GPUs.

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
POWER_QUERY = ("--query-gpu=power.draw", "--format=csv,noheader,nounits", "--loop-ms=200")
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
class GpuPower:
    """Watts of all GPUs as nvidia-smi writes them, summed up over time."""

    joules: float = 0.0
    latest: dict[int, float] = field(default_factory=dict)

    def follow(self, lines: IO[str], gpus: int) -> None:
        """Read until the end: lines of watts, GPU by GPU in turn."""
        marks = self._marks(lines, gpus)
        for (before, watts), (now, _) in pairwise(marks):
            self.joules += (now - before) * watts

    def _marks(self, lines: IO[str], gpus: int) -> Iterator[tuple[float, float]]:
        for number, line in enumerate(lines):
            self.latest[number % gpus] = _watts(line)
            yield time.monotonic(), sum(self.latest.values())

    def read(self) -> float:
        """Joules so far."""
        return self.joules


def _watts(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "[N/A]": this GPU does not tell
        return 0.0


@dataclass(frozen=True, slots=True)
class EnergyMeter:
    """All counters of the machine together; `source` says for people what is counted."""

    counters: tuple[RaplCounter | GpuPower, ...]
    source: str = UNTOLD

    def joules(self) -> float | None:
        """Since the meter was opened; None where the machine does not tell."""
        return sum(counter.read() for counter in self.counters) if self.counters else None


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
    power = GpuPower()
    with _followed([program, *POWER_QUERY], power, gpus):
        yield EnergyMeter((*rapl, power), source)


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
def _followed(command: Sequence[str], power: GpuPower, gpus: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process.stdout as lines:
        thread = threading.Thread(target=power.follow, args=(lines, gpus), daemon=True)
        thread.start()
        try:
            yield
        finally:
            process.terminate()
            thread.join()
            process.wait()
