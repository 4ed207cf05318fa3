"""Energy is what the machine tells, and nothing where it tells nothing."""

import itertools
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from benchmark import energy
from benchmark.energy import (
    NOTHING_TOLD,
    UNTOLD,
    EnergyMeter,
    GpuWatch,
    MachineUse,
    RaplCounter,
    energy_meter,
)
from tests.support.nvidia_smi import nvidia_smi


@pytest.fixture
def powercap(tmp_path: Path) -> Path:
    """One processor of 1000 µJ before its counter begins anew, and a part of it."""
    for name in ("intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1"):
        folder = tmp_path / "powercap" / name
        folder.mkdir(parents=True)
        (folder / "max_energy_range_uj").write_text("999\n")
        (folder / "energy_uj").write_text("900\n")
    (tmp_path / "powercap" / "intel-rapl:1" / "energy_uj").write_text("no number")
    return tmp_path / "powercap"


def test_a_counter_may_begin_anew(powercap: Path) -> None:
    counter = RaplCounter.opened(powercap / "intel-rapl:0")
    (powercap / "intel-rapl:0" / "energy_uj").write_text("950\n")
    assert counter.read() == pytest.approx(50e-6)
    (powercap / "intel-rapl:0" / "energy_uj").write_text("10\n")
    assert counter.read() == pytest.approx(110e-6)


def test_processors_are_counted_without_their_parts(powercap: Path) -> None:
    with energy_meter(powercap, "no-such-program") as meter:
        (powercap / "intel-rapl:0" / "energy_uj").write_text("999\n")
        assert meter.joules() == pytest.approx(99e-6)
        assert meter.source == "processors (RAPL), with all that ran"


def test_a_machine_that_tells_nothing_is_named(tmp_path: Path) -> None:
    with energy_meter(tmp_path, "no-such-program") as meter:
        assert meter.joules() is None
        assert meter.use() == NOTHING_TOLD
        assert meter.source == UNTOLD


def test_power_of_gpus_is_summed_up_over_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clock = itertools.count()
    monkeypatch.setattr(energy, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    said = tmp_path / "said"
    said.write_text("100, 1000, 90\n50, 500, 30\n100, 1200, 50\n[N/A], [N/A], [N/A]\n", "utf-8")
    watch = GpuWatch()
    with said.open(encoding="utf-8") as lines:
        watch.follow(lines, 2)
    assert watch.read() == 100 + 150 + 150
    assert watch.peak_mb == 1700
    assert watch.seconds == 3
    assert watch.busy_seconds == pytest.approx(0.9 + 0.6 + 0.4)
    assert EnergyMeter((watch,)).use() == MachineUse(400, 1700, watch.busy_seconds / 3)


def test_nvidia_smi_is_followed_and_ended(tmp_path: Path) -> None:
    others = psutil.Process().children()
    with energy_meter(tmp_path, str(nvidia_smi(tmp_path))) as meter:
        (follower,) = set(psutil.Process().children()) - set(others)
        assert meter.source == "GPUs (nvidia-smi), with all that ran"
        while meter.gpu_peak_mb() != 2000 or not meter.joules():
            assert follower.is_running()
            time.sleep(0.01)
    assert not follower.is_running()
