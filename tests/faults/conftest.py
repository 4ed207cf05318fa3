"""Settings with short times, services on them, and the table of recoveries that `make faults` prints."""

import json
import os
import statistics
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core.config import Settings
from app.launcher.redis_server import free_port
from tests.faults.forgetful_redis import ForgetfulRedis
from tests.faults.harness import QUICK, Service, running_service

TRIES = int(os.environ.get("FAULT_TRIES", "1"))
"""How often each fault is tried: once in `make test`, more often in `make faults`."""

LEDGER = pytest.StashKey["Ledger"]()


class Ledger:
    """Recoveries by fault, in seconds, and executions beyond the first."""

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.repeats: dict[str, int] = defaultdict(int)

    @contextmanager
    def recovery(self, fault: str) -> Iterator[None]:
        """Time the block: from the fault to the last result. A block that raises has not recovered."""
        started = time.monotonic()
        yield
        self.seconds[fault].append(time.monotonic() - started)

    def ran_again(self, fault: str, executions: int, tasks: int) -> None:
        """Count executions beyond one for each task."""
        self.repeats[fault] += executions - tasks

    def table(self) -> list[str]:
        """The ledger as a Markdown table."""
        rows = [
            "| fault | recovered | p50 s | p95 s | executions beyond one |",
            "| --- | --- | --- | --- | --- |",
        ]
        for fault, seconds in sorted(self.seconds.items()):
            p95 = statistics.quantiles(seconds, n=20)[-1] if len(seconds) > 1 else seconds[0]
            median = statistics.median(seconds)
            rows.append(f"| {fault} | {len(seconds)} | {median:.1f} | {p95:.1f} | {self.repeats[fault]} |")
        return rows


def pytest_configure(config: pytest.Config) -> None:
    """One ledger for the run."""
    config.stash[LEDGER] = Ledger()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Repeat what wants to be tried often."""
    if "attempt" in metafunc.fixturenames:
        metafunc.parametrize("attempt", range(TRIES))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and write it where FAULT_REPORT says."""
    ledger = config.stash[LEDGER]
    if not ledger.seconds:
        return
    terminalreporter.section("recoveries (0 tasks lost, 0 double results: both are asserted)")
    for row in ledger.table():
        terminalreporter.write_line(row)
    report = os.environ.get("FAULT_REPORT")
    if report:
        Path(report).write_text(json.dumps({"seconds": ledger.seconds, "repeats": ledger.repeats}, indent=1))


@pytest.fixture
def ledger(request: pytest.FixtureRequest) -> Ledger:
    """Where recoveries are noted."""
    return request.config.stash[LEDGER]


@pytest.fixture
def quick_settings(settings_for: Callable[..., Settings]) -> Settings:
    """Settings under which a lost worker is noticed within seconds."""
    return settings_for(**QUICK)


@pytest.fixture
async def service(quick_settings: Settings, tmp_path: Path) -> AsyncIterator[Service]:
    """A service without workers yet."""
    async with running_service(quick_settings, tmp_path) as running:
        yield running


@pytest.fixture
def forgetful(tmp_path: Path) -> Iterator[ForgetfulRedis]:
    """A server that loses its last moments when the test says so."""
    server = ForgetfulRedis(tmp_path / "redis", free_port())
    server.start()
    yield server
    server.kill()


@pytest.fixture
def forgetful_settings(settings_for: Callable[..., Settings], forgetful: ForgetfulRedis) -> Settings:
    """Short times, on that server; but ended tasks stay until `Service.gone` has them go, so that none goes
    while a busy machine has not yet come to what the test does to it."""
    return settings_for(**QUICK | {"redis_port": forgetful.port, "keep_ended_seconds": 3600.0})
