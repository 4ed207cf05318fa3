"""What processes, GPUs and the queue do meanwhile: memory, processor time, how long the oldest task waits."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import psutil

from app.core.config import Settings
from app.core.errors import QueueUnavailable
from app.queue.admin import Admin
from app.queue.clients import command_client
from benchmark.energy import NO_COUNTERS, NOTHING_TOLD, EnergyMeter, MachineUse
from benchmark.processes import families, family_seconds, resident_mb

EVERY_SECONDS = 0.25

FAMILIES_EVERY = 4
"""Looks after which it is asked anew who has started which process: that reads all of /proc (8 ms)."""


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process needed, with its children: most resident MiB at a time, and processors on average.

    Memory that processes share (a fork's) counts for each of them.
    """

    peak_mb: float
    cores: float


@dataclass(slots=True)
class Watch:
    """Looks again and again until it is stopped; `oldest` are the ages in seconds that were seen,
    `use` what each process needed until then, `machine` what `meter` has told of the machine.

    `settings` lead to the queue's Redis, None where it cannot be reached. What a process starts (readers of
    an engine) counts as the process, unless it has a name in `processes` itself.
    """

    processes: Mapping[str, psutil.Process]
    settings: Settings | None
    meter: EnergyMeter = NO_COUNTERS
    oldest: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)
    use: dict[str, ProcessUse] = field(default_factory=dict)
    machine: MachineUse = NOTHING_TOLD
    _began: dict[str, float] = field(default_factory=dict)
    _families: dict[str, list[psutil.Process]] = field(default_factory=dict)
    _started: float = 0.0

    async def run(self, end: asyncio.Event) -> None:
        """Until `end` is set: a cancellation may be lost in a client of Redis that is waiting."""
        self._started = time.perf_counter()
        self._began = {name: family_seconds(family) for name, family in families(self.processes).items()}
        looks = count()
        client = None if self.settings is None else command_client(self.settings)
        try:
            while not end.is_set():
                if next(looks) % FAMILIES_EVERY == 0:
                    self._families = families(self.processes)
                self._look_at_memory()
                self.meter.joules()  # counters begin anew: they have to be read often
                if client is not None and self.settings is not None:
                    await self._look_at_queue(Admin(client, self.settings))
                with suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), EVERY_SECONDS)
        finally:
            self.use = self._used()
            self.machine = self.meter.use()
            if client is not None:
                await client.aclose()

    def _used(self) -> dict[str, ProcessUse]:
        """By each process that still runs, since the beginning."""
        seconds = time.perf_counter() - self._started
        found = {}
        for name, family in families(self.processes).items():
            with suppress(psutil.Error):
                spent = family_seconds(family) - self._began[name]
                found[name] = ProcessUse(self.peaks.get(name, 0.0), spent / seconds)
        return found

    def _look_at_memory(self) -> None:
        for name, family in self._families.items():
            size = sum(resident_mb(process) for process in family)
            self.peaks[name] = max(size, self.peaks.get(name, 0.0))

    async def _look_at_queue(self, admin: Admin) -> None:
        with suppress(QueueUnavailable):
            seen = await admin.overview()
            self.oldest.append(seen.oldest_seconds or 0.0)
            self.waiting.append(seen.waiting + seen.high)
