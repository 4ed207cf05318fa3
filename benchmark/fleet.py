"""What a thousand busy workers ask of one Redis: `python3 -m benchmark.fleet --workers 1000`.

Starts a Redis of its own and simulates the workers' side of the queue, spread over processes: each takes
tasks as `app.worker.supervisor` does, keeps its leases, saves a window for every WINDOW_SECONDS of sound and
completes. Tasks arrive at random (Poisson), as many as keep the given share of all slots busy. Measured:
commands a second and processor time of Redis, the time from LPUSH to a claim, how many tasks were completed.
"""

import asyncio
import contextlib
import json
import multiprocessing
import random
import statistics
import tempfile
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, NamedTuple

import typer
from redis.asyncio import Redis
from rich.console import Console

from app.core.config import Settings
from app.core.errors import QueueUnavailable
from app.launcher.redis_server import RedisServer, free_port
from app.queue.claims import Claim
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer, new_worker_id
from app.queue.keys import Keys
from app.queue.producer import Producer
from app.schemas.task import Task
from app.schemas.transcript import Segment
from app.schemas.window import WindowDone, WindowTranscript
from app.worker.pauses import busy_pause
from app.worker.slots import Place, Slots, slot_sizes
from app.worker.supervisor import NEXT_CLAIM_SECONDS, REDIS_PAUSE_SECONDS
from benchmark.own_settings import own_settings

console = Console()

WINDOW_SECONDS = 25.0
"""Sound between two checkpoints of a task."""

SPEED = 30.0
"""Seconds of sound that a worker transcribes in a second, all its tasks together: `base` on two cores."""

RESULT = json.dumps({"text": "word " * 400})


@dataclass(frozen=True, slots=True)
class Fleet:
    """What is simulated. Tasks take `task_seconds` each; of all slots the share `busy` is in use."""

    workers: int
    slots: int
    task_seconds: float
    busy: float
    seconds: float
    pause: float | None  # between two looks of a busy worker; None: as the supervisor has it

    @property
    def tasks_per_second(self) -> float:
        """The rate of arrivals that keeps so many slots busy."""
        return self.workers * self.slots * self.busy / self.task_seconds


@dataclass(frozen=True, slots=True)
class FleetReport:
    """Times from LPUSH to a claim in milliseconds; Redis's processor time in percent of one core."""

    workers: int
    sent: int
    completed: int
    commands_per_second: int
    redis_cpu_percent: float
    claim_ms_p50: float
    claim_ms_p99: float
    redis_us_p99: dict[str, float]


class Claimed(NamedTuple):
    """When a task was sent and claimed, by the monotonic clock, which all processes of a machine share."""

    sent: float
    taken: float


class SimulatedWorker:
    """One worker's side of the queue; its tasks sleep."""

    def __init__(self, settings: Settings, fleet: Fleet, commands: Redis, blocking: Redis) -> None:
        self._settings = settings
        self._fleet = fleet
        self._consumer = Consumer(settings, worker_id=new_worker_id(), commands=commands, blocking=blocking)
        self._slots = Slots(slot_sizes(settings), settings.short_seconds)
        self._running: dict[str, tuple[Claim, asyncio.Task[None]]] = {}
        self.claimed: list[Claimed] = []

    async def run(self, until: float) -> None:
        """Take tasks until that time of the monotonic clock, and let those at work end."""
        await self._consumer.register()
        beat = asyncio.create_task(self._beat())
        while time.monotonic() < until:
            try:
                await self._take()
            except QueueUnavailable:  # as the supervisor does; the next claim goes on where this one stopped
                await asyncio.sleep(REDIS_PAUSE_SECONDS)
        await asyncio.gather(*(task for _, task in self._running.values()))
        beat.cancel()
        await self._consumer.leave()

    async def _take(self) -> None:
        """One round of the supervisor's loop."""
        await self._slots.some_free()
        at_work = [task for _, task in self._running.values()]
        room = replace(self._slots.offer(may_fetch=True), unwanted=frozenset())
        waits = room.is_unlimited and not at_work
        claim = await self._consumer.claim(room, wait=waits)
        place = self._slots.accept(claim.task if claim else None)
        if claim is not None and place is not None:
            self.claimed.append(Claimed(float(claim.task.file_path), time.monotonic()))
            task = asyncio.create_task(self._work(claim, place))
            self._running[claim.task.task_id] = (claim, task)
            await asyncio.sleep(NEXT_CLAIM_SECONDS * (len(self._running) - 1))
        elif not waits:
            pause = busy_pause(self._consumer.workers) if self._fleet.pause is None else self._fleet.pause
            await asyncio.wait(at_work, timeout=pause, return_when=asyncio.FIRST_COMPLETED)

    async def _work(self, claim: Claim, place: Place) -> None:
        """Sleep through a task, saving its windows at the worker's speed."""
        windows = max(1, round(self._fleet.task_seconds * SPEED / self._fleet.slots / WINDOW_SECONDS))
        for number in range(windows):
            await asyncio.sleep(self._fleet.task_seconds / windows)
            await self._consumer.checkpoints.save(claim, _window(number, windows))
        await self._consumer.complete(claim, RESULT)
        del self._running[claim.task.task_id]
        place.leave()

    async def _beat(self) -> None:
        while True:
            with contextlib.suppress(QueueUnavailable):
                await self._consumer.heartbeat([claim for claim, _ in self._running.values()])
            await asyncio.sleep(self._settings.heartbeat_seconds * random.uniform(0.9, 1.1))


def _window(number: int, windows: int) -> WindowDone:
    """A window with some 60 words."""
    start, end = number * WINDOW_SECONDS, (number + 1) * WINDOW_SECONDS
    segment = Segment(id=0, start=start, end=end, text=" word" * 60)
    window = WindowTranscript(number=number, start=start, end=end, segments=(segment,))
    return WindowDone(plan="plan", window=window, covered=WINDOW_SECONDS, duration=windows * WINDOW_SECONDS)


async def _share_of_fleet(settings: Settings, fleet: Fleet, workers: int, until: float) -> list[Claimed]:
    clients = [(command_client(settings), blocking_client(settings)) for _ in range(workers)]
    part = [SimulatedWorker(settings, fleet, *pair) for pair in clients]
    async with asyncio.TaskGroup() as group:
        for worker in part:
            group.create_task(worker.run(until))
    for pair in clients:
        for client in pair:
            await client.aclose()
    return [taken for worker in part for taken in worker.claimed]


def work(settings: Settings, fleet: Fleet, workers: int, until: float) -> list[Claimed]:
    """Run so many workers in this process until that time of the monotonic clock; all their claims."""
    return asyncio.run(_share_of_fleet(settings, fleet, workers, until))


async def _send(settings: Settings, fleet: Fleet, until: float) -> int:
    """Enqueue tasks at random times; how many."""
    client = command_client(settings)
    producer = Producer(client, settings)
    sent, due = 0, time.monotonic()
    while (due := due + random.expovariate(fleet.tasks_per_second)) < until:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await producer.enqueue(
            Task(task_id=uuid.uuid4().hex, file_path=str(time.monotonic()), model="base", duration=60.0)
        )
        sent += 1
    await client.aclose()
    return sent


@dataclass(frozen=True, slots=True)
class _Usage:
    """Commands that Redis has run, and its processor seconds."""

    commands: int
    cpu_seconds: float


async def _usage(client: Redis) -> _Usage:
    stats, cpu = await client.info("stats"), await client.info("cpu")
    return _Usage(
        int(stats["total_commands_processed"]), float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"])
    )


async def _slow_commands(client: Redis) -> dict[str, float]:
    """The 99th percentile of the time that Redis takes for each command that workers use, in microseconds."""
    found = await client.info("latencystats")
    wanted = ("lmove", "blmove", "evalsha")
    return {name: found.get(f"latency_percentiles_usec_{name}", {}).get("p99", 0.0) for name in wanted}


async def measure(settings: Settings, fleet: Fleet, processes: int) -> FleetReport:
    """Let the fleet fill its slots for one task's length, then measure for `fleet.seconds`."""
    client = command_client(settings)
    begins = time.monotonic() + 5.0 + fleet.workers / 200 + fleet.task_seconds
    ends = begins + fleet.seconds
    shares = [len(range(first, fleet.workers, processes)) for first in range(processes)]
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        parts = [loop.run_in_executor(pool, work, settings, fleet, share, ends + 5.0) for share in shares]
        sending = asyncio.create_task(_send(settings, fleet, ends))
        await asyncio.sleep(begins - time.monotonic())
        await client.config_resetstat()
        before = await _usage(client)
        await asyncio.sleep(ends - time.monotonic())
        after, slow = await _usage(client), await _slow_commands(client)
        sent = await sending
        claimed = [each for part in await asyncio.gather(*parts) for each in part]
    completed = len(
        [key async for key in client.scan_iter(Keys.from_settings(settings).result("*"), count=1000)]
    )
    await client.aclose()
    cuts = statistics.quantiles(
        [(each.taken - each.sent) * 1000 for each in claimed if each.sent > begins], n=100
    )
    return FleetReport(
        fleet.workers,
        sent,
        completed,
        round((after.commands - before.commands) / fleet.seconds),
        round((after.cpu_seconds - before.cpu_seconds) / fleet.seconds * 100, 1),
        round(cuts[49], 1),
        round(cuts[98], 1),
        slow,
    )


def _print(report: FleetReport) -> None:
    console.print(
        f"{report.workers} workers: {report.commands_per_second} commands/s, {report.redis_cpu_percent} % of "
        f"a core of Redis; LPUSH to claim p50 {report.claim_ms_p50} ms, p99 {report.claim_ms_p99} ms."
    )
    console.print(f"p99 inside Redis, in microseconds: {report.redis_us_p99}.")
    console.print(f"{report.sent} tasks sent, {report.completed} completed.")


def main(
    workers: Annotated[int, typer.Option(min=1, max=5000)] = 1000,
    slots: Annotated[int, typer.Option(min=1, max=64, help="Tasks that a worker has in hand at most.")] = 8,
    task_seconds: Annotated[float, typer.Option(min=0.1, help="Time that each task takes.")] = 40.0,
    busy: Annotated[float, typer.Option(min=0.01, max=1.0, help="Share of all slots that is in use.")] = 0.5,
    seconds: Annotated[float, typer.Option(min=1.0, help="Length of the measurement.")] = 60.0,
    pause: Annotated[
        float | None,
        typer.Option(min=0.01, help="Seconds between a busy worker's looks, at any number."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, max=64, help="Processes that simulate the workers.")] = 2,
    output: Annotated[Path | None, typer.Option(help="Write the figures there as JSON.")] = None,
) -> None:
    """Measure and print."""
    fleet = Fleet(workers, slots, task_seconds, busy, seconds, pause)
    with tempfile.TemporaryDirectory(prefix="fleet") as folder:
        server = RedisServer(Path(folder), free_port())
        server.start()
        settings = own_settings(server.port, Path(folder), max_queue_length=0, tasks_in_flight=slots)
        try:
            report = asyncio.run(measure(settings, fleet, processes))
        finally:
            server.kill()
    _print(report)
    if output is not None:
        output.write_text(json.dumps(asdict(report), indent=1))


if __name__ == "__main__":
    typer.run(main)
