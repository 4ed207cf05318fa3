"""The soak: random kills of workers, engine processes and Redis under load, and an honest count at the end.

`python -m tests.faults.soak --minutes 10 --tasks 5000` (or `make soak`); a short one is part of the tests.
With `--forgetful` Redis is not only killed: each time it loses up to the last second of its writes.
"""

import asyncio
import contextlib
import json
import random
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, cast

import redis
import typer
from rich.console import Console

from app.launcher.redis_server import free_port
from app.schemas.task import TaskStatus
from benchmark.own_settings import own_settings
from tests.faults.forgetful_redis import ForgetfulRedis
from tests.faults.harness import QUICK, Service, running_service

console = Console()

MOST_LOST_SECONDS = 1.0
"""Of the writes of Redis, in a forgetful soak: what `appendfsync everysec` may lose."""

BATCH = 500

SETTINGS = QUICK | {
    "max_attempts": 50,  # kills are the weather here, not the tasks' fault
    "log_level": "WARNING",
    "min_free_disk_mb": 0,
    "keep_ended_seconds": 10.0,
}


@dataclass(frozen=True, slots=True)
class SoakReport:
    """What was put in, what came out, what was done to the service meanwhile, and what it left behind.

    `results_forgotten` are results that had been read and that Redis did not have when it came back.
    """

    seconds: float
    tasks: int
    lost: int
    wrong_or_double: int
    executions_beyond_one: int
    worker_kills: int
    engine_kills: int
    redis_kills: int
    results_forgotten: int
    files_left: int
    keys_left: int


class Soak:
    """One run."""

    def __init__(self, service: Service, server: ForgetfulRedis, seed: int, *, forgetful: bool) -> None:
        self._service = service
        self._server = server
        self._forgetful = forgetful
        self._chance = random.Random(seed)
        self._kills: Counter[str] = Counter()
        self._accepted: list[str] = []
        self._results: dict[str, bytes] = {}
        self._missing: set[str] = set()
        self._forgotten = self._changed = 0

    async def run(self, seconds: float, tasks: int, workers: int) -> SoakReport:
        """Push `tasks` over `seconds` while killing, then wait until all have ended."""
        started = time.monotonic()
        for _ in range(workers):
            self._service.start_worker(TASKS_IN_FLIGHT="2")
        background = [
            asyncio.create_task(self._sweep()),
            asyncio.create_task(self._watch()),
            asyncio.create_task(self._server.watch()),
        ]
        await asyncio.gather(self._push(seconds, tasks), self._kill(seconds))
        await self._quietly_until(self._all_ended, 240)
        took = time.monotonic() - started
        await self._quietly_until(self._service.no_files, 120)
        for task in background:
            task.cancel()
        await asyncio.gather(*background, return_exceptions=True)
        return await self._report(took)

    async def _push(self, seconds: float, tasks: int) -> None:
        """As the API does: recording, note, queue; an unreachable queue is left to the outbox."""
        ends = time.monotonic() + seconds
        for number in range(tasks):
            task = self._service.new_task(seconds=self._chance.uniform(0, 0.3))
            await asyncio.to_thread(self._service.storage.outbox.save, task)
            self._accepted.append(task.task_id)
            try:
                await self._service.producer.enqueue(task)
            except Exception as error:
                console.log(f"left to the outbox: {error}")
            left = tasks - number
            await asyncio.sleep(max(0.0, (ends - time.monotonic()) / left * self._chance.uniform(0, 2)))

    async def _kill(self, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            await asyncio.sleep(self._chance.uniform(1, 5))
            victim = self._chance.choices(["worker", "engine", "Redis"], [5, 4, 4 if self._forgetful else 1])[
                0
            ]
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
        lost_seconds = self._chance.uniform(0, MOST_LOST_SECONDS) if self._forgetful else 0.0
        self._server.lose_last(lost_seconds, down_seconds=self._chance.uniform(0, 2))
        read = list(self._results)
        with redis.Redis(port=self._server.port) as client:
            found = [client.exists(self._service.keys.result(task_id)) for task_id in read[-BATCH:]]
        self._forgotten += found.count(0)

    async def _sweep(self) -> None:
        """What the API does all the time."""
        while True:
            await asyncio.sleep(1)
            try:
                await self._service.outbox.sweep_when_due()
            except Exception as error:
                console.log(f"sweep: {error}")

    async def _watch(self) -> None:
        """A result that was once read must never become another one; that it is away for a while, it may."""
        while True:
            for first in range(0, len(self._accepted), BATCH):
                with contextlib.suppress(Exception):
                    await self._look_at(self._accepted[first : first + BATCH])
            await asyncio.sleep(0.2)

    async def _look_at(self, task_ids: list[str]) -> None:
        found = await self._service.client.mget(list(map(self._service.keys.result, task_ids)))
        for task_id, result in zip(task_ids, cast(list[bytes | None], found), strict=True):
            if result is not None:
                self._changed += self._results.setdefault(task_id, result) != result
                self._missing.discard(task_id)
            elif task_id in self._results:
                self._missing.add(task_id)

    async def _all_ended(self) -> bool:
        return len(self._results) == len(self._accepted) and not self._missing

    async def _quietly_until(self, condition: Callable[[], Awaitable[bool]], timeout_seconds: float) -> None:
        with contextlib.suppress(AssertionError):  # the report counts what is missing
            await self._service.until(condition, timeout_seconds)

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
        left = self._service.files()
        console.log(f"files left: {left[:10]}")
        return SoakReport(
            seconds=round(seconds, 1),
            tasks=len(self._accepted),
            lost=lost,
            wrong_or_double=wrong + self._changed,
            executions_beyond_one=executions - len(self._accepted),
            worker_kills=self._kills["worker"],
            engine_kills=self._kills["engine"],
            redis_kills=self._kills["Redis"],
            results_forgotten=self._forgotten,
            files_left=len(left),
            keys_left=len(await self._service.keys_left()),
        )


async def soak(
    folder: Path, *, minutes: float, tasks: int, workers: int, seed: int, forgetful: bool = False
) -> SoakReport:
    """Run a soak in `folder` on a Redis of its own, whose every write is on disk before it is answered."""
    server = ForgetfulRedis(folder / "redis", free_port())
    server.start()
    try:
        settings = own_settings(server.port, folder, **SETTINGS, cache_dir=folder / "_cache")
        async with running_service(settings, folder) as service:
            await service.client.ping()
            return await Soak(service, server, seed, forgetful=forgetful).run(minutes * 60, tasks, workers)
    finally:
        server.kill()


def main(
    minutes: Annotated[float, typer.Option(min=0.05, max=60)] = 10.0,
    tasks: Annotated[int, typer.Option(min=1, max=50_000)] = 5000,
    workers: Annotated[int, typer.Option(min=1, max=16)] = 4,
    seed: Annotated[int, typer.Option()] = 1,
    forgetful: Annotated[bool, typer.Option(help="Redis loses up to its last second each time.")] = False,
) -> None:
    """Soak the queue and print what was lost (0) and what was done twice."""
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        report = asyncio.run(
            soak(Path(folder), minutes=minutes, tasks=tasks, workers=workers, seed=seed, forgetful=forgetful)
        )
    console.print_json(json.dumps(asdict(report)))
    failed = report.lost or report.wrong_or_double or report.files_left or report.keys_left
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
