"""The soak: random kills of workers, engine processes and Redis under load, and an honest count at the end.

`python -m tests.faults.soak --minutes 10 --tasks 5000` (or `make soak`); a short one is part of the tests.
"""

import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.schemas.task import TaskStatus
from app.services.redis_service import RedisService
from app.storage.local import LocalStorage
from tests.faults.harness import QUICK, Service, running_service

console = Console()

SETTINGS = QUICK | {
    "max_attempts": 50,  # kills are the weather here, not the tasks' fault
    "log_level": "WARNING",
    "min_free_disk_mb": 0,
}


@dataclass(frozen=True, slots=True)
class SoakReport:
    """What was put in, what came out, and what was done to the service meanwhile."""

    seconds: float
    tasks: int
    lost: int
    wrong_or_double: int
    executions_beyond_one: int
    worker_kills: int
    engine_kills: int
    redis_kills: int


class Soak:
    """One run."""

    def __init__(self, service: Service, server: RedisServer, seed: int) -> None:
        self._service = service
        self._server = server
        self._chance = random.Random(seed)
        self._kills: Counter[str] = Counter()
        self._storage = LocalStorage(service.settings)
        self._queue = RedisService(service.client, service.settings, self._storage)
        self._accepted: list[str] = []
        self._results: dict[str, str] = {}
        self._changed = 0

    async def run(self, seconds: float, tasks: int, workers: int) -> SoakReport:
        """Push `tasks` over `seconds` while killing, then wait until all have ended."""
        started = time.monotonic()
        for _ in range(workers):
            self._service.start_worker(TASKS_IN_FLIGHT="2")
        background = [asyncio.create_task(self._reconcile()), asyncio.create_task(self._watch())]
        await asyncio.gather(self._push(seconds, tasks), self._kill(seconds))
        await self._until_all_ended(240)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        return await self._report(time.monotonic() - started)

    async def _push(self, seconds: float, tasks: int) -> None:
        """As the API does: recording, outbox, queue; an unreachable queue is left to the outbox."""
        ends = time.monotonic() + seconds
        for number in range(tasks):
            task = self._service.new_task(seconds=self._chance.uniform(0, 0.3))
            self._storage.save_outbox(task)
            self._accepted.append(task.task_id)
            try:
                await self._queue.enqueue(task)
            except Exception as error:
                console.log(f"left to the outbox: {error}")
            left = tasks - number
            await asyncio.sleep(max(0.0, (ends - time.monotonic()) / left * self._chance.uniform(0, 2)))

    async def _kill(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            await asyncio.sleep(self._chance.uniform(1, 5))
            victim = self._chance.choices(["worker", "engine", "Redis"], [5, 4, 1])[0]
            self._kills[victim] += 1
            worker = self._chance.choice([w for w in self._service.workers if w.process.poll() is None])
            if victim == "engine":
                worker.kill_engine()
            elif victim == "worker":
                worker.process.kill()
                worker.process.wait()
                self._service.start_worker(TASKS_IN_FLIGHT="2")
            else:
                await asyncio.to_thread(self._restart_redis)

    def _restart_redis(self) -> None:
        self._server.kill()
        time.sleep(self._chance.uniform(0, 2))
        self._server.start()

    async def _reconcile(self) -> None:
        """What the API does all the time."""
        while True:
            await asyncio.sleep(1)
            try:
                await self._queue.reconcile(older_than_seconds=5)
                await self._queue.finish_ended(older_than_seconds=5)
            except Exception as error:
                console.log(f"reconcile: {error}")

    async def _watch(self) -> None:
        """A result that was once read must never become another one."""
        while True:
            for task_id in list(self._accepted):
                await self._look_at(task_id)
            await asyncio.sleep(1)

    async def _look_at(self, task_id: str) -> None:
        try:
            result = await self._service.client.get(self._service.keys.result(task_id))
        except Exception:
            return
        if result is not None:
            text = str(result)
            if self._results.setdefault(task_id, text) != text:
                self._changed += 1

    async def _until_all_ended(self, timeout_seconds: float) -> None:
        async def all_ended() -> bool:
            return len(self._results) == len(self._accepted)

        with contextlib.suppress(AssertionError):  # the report counts what is missing
            await self._service.until(all_ended, timeout_seconds)

    async def _report(self, seconds: float) -> SoakReport:
        lost = wrong = 0
        for task_id in self._accepted:
            state = await self._service.reader.state(task_id)
            if state is None or state.status is not TaskStatus.DONE:
                lost += 1
                console.log(f"LOST {task_id}: {state}")
            elif state.result is None or state.result["text"] != task_id:
                wrong += 1
        executions = sum(map(self._service.executions, self._accepted))
        return SoakReport(
            round(seconds, 1),
            len(self._accepted),
            lost,
            wrong + self._changed,
            executions - len(self._accepted),
            self._kills["worker"],
            self._kills["engine"],
            self._kills["Redis"],
        )


async def soak(folder: Path, *, minutes: float, tasks: int, workers: int, seed: int) -> SoakReport:
    """Run a soak in `folder` on a Redis of its own, whose every write is on disk before it is answered."""
    server = RedisServer(folder / "redis", free_port(), appendfsync="always")
    server.start()
    places = {
        "redis_host": "127.0.0.1",
        "redis_port": server.port,
        "upload_dir": folder / "shared_audio",
        "log_dir": folder / "logs",
        "cache_dir": folder / "_cache",
    }
    try:
        settings = Settings(_env_file=None, **(SETTINGS | places))  # type: ignore[arg-type]
        async with running_service(settings, folder) as service:
            await service.client.ping()
            return await Soak(service, server, seed).run(minutes * 60, tasks, workers)
    finally:
        server.kill()


def main(
    minutes: Annotated[float, typer.Option(min=0.05, max=60)] = 10.0,
    tasks: Annotated[int, typer.Option(min=1, max=50_000)] = 5000,
    workers: Annotated[int, typer.Option(min=1, max=16)] = 4,
    seed: Annotated[int, typer.Option()] = 1,
) -> None:
    """Soak the queue and print what was lost (0) and what was done twice."""
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        report = asyncio.run(soak(Path(folder), minutes=minutes, tasks=tasks, workers=workers, seed=seed))
    console.print_json(json.dumps(asdict(report)))
    raise typer.Exit(1 if report.lost or report.wrong_or_double else 0)


if __name__ == "__main__":
    typer.run(main)
