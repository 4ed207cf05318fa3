"""What the processes and the queue do meanwhile: memory, processor time, how long the oldest task waits."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from app.core.config import Settings
from app.core.errors import QueueUnavailable
from app.queue.admin import Admin
from app.queue.clients import command_client
from benchmark.engine.stack import cpu_seconds_of

EVERY_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process needed: most memory, and processors on average."""

    peak_mb: float
    cores: float


@dataclass(slots=True)
class Watch:
    """Looks again and again until it is stopped; `oldest` are the ages in seconds that were seen,
    `use` what each process needed until then.

    `settings` lead to the queue's Redis, None where it cannot be reached.
    """

    processes: Mapping[str, psutil.Process]
    settings: Settings | None
    oldest: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    peaks: dict[str, float] = field(default_factory=dict)
    use: dict[str, ProcessUse] = field(default_factory=dict)
    _began: dict[str, float] = field(default_factory=dict)
    _started: float = 0.0

    async def run(self) -> None:
        """Until cancelled."""
        self._started = time.perf_counter()
        self._began = {name: cpu_seconds_of(process) for name, process in self.processes.items()}
        client = None if self.settings is None else command_client(self.settings)
        try:
            while True:
                self._look_at_memory()
                if client is not None and self.settings is not None:
                    await self._look_at_queue(Admin(client, self.settings))
                await asyncio.sleep(EVERY_SECONDS)
        finally:
            self.use = self._used()
            if client is not None:
                await client.aclose()

    def _used(self) -> dict[str, ProcessUse]:
        """By each process that still runs, since the beginning."""
        seconds = time.perf_counter() - self._started
        found = {}
        for name, process in self.processes.items():
            with suppress(psutil.Error):
                spent = cpu_seconds_of(process) - self._began[name]
                found[name] = ProcessUse(self.peaks.get(name, 0.0), spent / seconds)
        return found

    def _look_at_memory(self) -> None:
        for name, process in self.processes.items():
            with suppress(psutil.Error):
                size = process.memory_info().rss / 1024 / 1024
                self.peaks[name] = max(size, self.peaks.get(name, 0.0))

    async def _look_at_queue(self, admin: Admin) -> None:
        with suppress(QueueUnavailable):
            seen = await admin.overview()
            self.oldest.append(seen.oldest_seconds or 0.0)
            self.waiting.append(seen.waiting + seen.high)
