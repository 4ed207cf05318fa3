"""What the machine says it spends: counters of the processor (RAPL); power, memory and use of NVIDIA GPUs.

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
GPU_QUERY = (
    "--query-gpu=power.draw,memory.used,utilization.gpu",
    "--format=csv,noheader,nounits",
    "--loop-ms=200",
)
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


@dataclass(frozen=True, slots=True)
class _GpuSample:
    watts: float
    mb: float
    percent: float

    @classmethod
    def read(cls, line: str) -> "_GpuSample":
        """What a line does not tell is 0."""
        watts, mb, percent, *_ = (*(_figure(text) for text in line.split(",")), 0.0, 0.0, 0.0)
        return cls(watts, mb, percent)


@dataclass(slots=True)
class GpuWatch:
    """Watts, MiB and use of all GPUs as nvidia-smi writes them: sums over time, the largest MiB.

    Use is the share of time in which a kernel ran on a GPU, whatever part of the GPU that kernel took.
    """

    joules: float = 0.0
    peak_mb: float = 0.0
    busy_seconds: float = 0.0
    seconds: float = 0.0
    _last: dict[int, _GpuSample] = field(default_factory=dict)

    def follow(self, lines: IO[str], gpus: int) -> None:
        """Read until the end: lines of watts, MiB and percent, GPU by GPU in turn."""
        for (before, watts, busy), (now, _, _) in pairwise(self._marks(lines, gpus)):
            self.joules += (now - before) * watts
            self.busy_seconds += (now - before) * busy
            self.seconds += now - before

    def _marks(self, lines: IO[str], gpus: int) -> Iterator[tuple[float, float, float]]:
        """Time, watts of all GPUs, and the mean share of them that is busy."""
        for number, line in enumerate(lines):
            self._last[number % gpus] = _GpuSample.read(line)
            known = self._last.values()
            self.peak_mb = max(self.peak_mb, sum(each.mb for each in known))
            busy = sum(each.percent for each in known) / len(known) / 100
            yield time.monotonic(), sum(each.watts for each in known), busy

    def read(self) -> float:
        """Joules so far."""
        return self.joules


def _figure(text: str) -> float:
    try:
        return float(text)
    except ValueError:  # "[N/A]": this GPU does not tell
        return 0.0


@dataclass(frozen=True, slots=True)
class MachineUse:
    """What the machine told of a stretch of time, with all that ran on it; None where it does not tell.

    `gpu_busy` is the share of the time in which the GPUs worked (0 to 1), on average of them.
    """

    joules: float | None = None
    gpu_peak_mb: float | None = None
    gpu_busy: float | None = None


NOTHING_TOLD = MachineUse()


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
        return None if (gpus := self._gpus()) is None else gpus.peak_mb

    def use(self) -> MachineUse:
        """All figures since the meter was opened."""
        gpus = self._gpus()
        busy = gpus.busy_seconds / gpus.seconds if gpus is not None and gpus.seconds else None
        return MachineUse(self.joules(), self.gpu_peak_mb(), busy)

    def _gpus(self) -> GpuWatch | None:
        return next((each for each in self.counters if isinstance(each, GpuWatch)), None)


NO_COUNTERS = EnergyMeter(())
"""Of a machine that is not looked at."""


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
