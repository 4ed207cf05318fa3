"""What the queue costs: `python3 -m benchmark.queue`. Starts a Redis of its own and simulates workers.

Measured: tasks a second through enqueue, claim and complete for a number of workers, with and without a long
queue; what idle workers ask of Redis; the time from LPUSH to claim on an idle worker; what Redis writes for
the windows of a long recording.
"""

import asyncio
import json
import statistics
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Table

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer, new_worker_id
from app.queue.producer import Producer
from app.queue.reader import TaskReader
from app.schemas.task import Task
from app.schemas.transcript import Segment
from app.schemas.window import WindowDone, WindowTranscript
from benchmark.own_settings import own_settings

console = Console()
TEN_HOURS, WINDOW_SECONDS = 36_000, 25

RESULT = json.dumps({"text": "word " * 400})
"""Result of the size that some minutes of speech give."""


@dataclass(frozen=True, slots=True)
class Throughput:
    """Enqueue, claim and complete together, by so many workers with so many tasks waiting."""

    workers: int
    waiting: int
    tasks_per_second: float
    redis_cpu_ms_per_task: float


@dataclass(frozen=True, slots=True)
class Checkpointing:
    """What saving the windows of a recording of ten hours costs: MB of windows, MB that Redis writes to its
    append-only file for them, milliseconds that saving the last of them and reading its progress take."""

    windows_mb: float
    written_mb: float
    last_save_ms: float
    last_poll_ms: float


@dataclass(frozen=True, slots=True)
class QueueReport:
    """All figures; times in milliseconds."""

    throughput: list[Throughput]
    idle_commands_per_worker_second: float
    idle_redis_cpu_percent_per_100_workers: float
    claim_ms_p50: float
    claim_ms_p99: float
    ten_hours: Checkpointing


def _task() -> Task:
    return Task(task_id=uuid.uuid4().hex, file_path="a.wav", model="base", duration=10.0)


@asynccontextmanager
async def worker(settings: Settings, commands: Redis) -> AsyncIterator[Consumer]:
    """A worker's side of the queue, registered while the block runs."""
    blocking = blocking_client(settings)
    consumer = Consumer(settings, worker_id=new_worker_id(), commands=commands, blocking=blocking)
    await consumer.register()
    try:
        yield consumer
    finally:
        await consumer.leave()
        await blocking.aclose()


async def _cpu_seconds(client: Redis) -> float:
    info = await client.info("cpu")
    return float(info["used_cpu_user"]) + float(info["used_cpu_sys"])


async def throughput(settings: Settings, workers: int, waiting: int, tasks: int) -> Throughput:
    """Run `tasks` through the queue while `waiting` others lie in it."""
    client = command_client(settings)
    producer = Producer(client, settings)
    await client.flushall()
    for start in range(0, waiting, 1000):
        await asyncio.gather(*(producer.enqueue(_task()) for _ in range(min(1000, waiting - start))))
    left = iter(range(tasks))

    async def work() -> None:
        async with worker(settings, client) as consumer:
            for _ in left:
                await producer.enqueue(_task())
                claim = await consumer.claim()
                assert claim is not None
                assert await consumer.complete(claim, RESULT)

    cpu, started = await _cpu_seconds(client), time.perf_counter()
    await asyncio.gather(*(work() for _ in range(workers)))
    seconds = time.perf_counter() - started
    used = await _cpu_seconds(client) - cpu
    await client.aclose()
    return Throughput(workers, waiting, round(tasks / seconds), round(used / tasks * 1000, 3))


async def idle(settings: Settings, workers: int, seconds: float) -> tuple[float, float]:
    """Commands a second that one idle worker costs, and percent of a core that 100 of them cost Redis."""
    client = command_client(settings)
    await client.flushall()

    async def wait() -> None:
        async with worker(settings, client) as consumer:
            beat = asyncio.create_task(_beat(consumer, settings.heartbeat_seconds))
            ends = time.perf_counter() + seconds
            while time.perf_counter() < ends:
                await consumer.claim()
            beat.cancel()

    before, cpu = int((await client.info("stats"))["total_commands_processed"]), await _cpu_seconds(client)
    await asyncio.gather(*(wait() for _ in range(workers)))
    after, used = (
        int((await client.info("stats"))["total_commands_processed"]),
        await _cpu_seconds(client) - cpu,
    )
    await client.aclose()
    return round((after - before) / workers / seconds, 2), round(used / seconds / workers * 100 * 100, 2)


async def _beat(consumer: Consumer, seconds: float) -> None:
    while True:
        await consumer.heartbeat([])
        await consumer.sweep(())
        await asyncio.sleep(seconds)


async def claim_latency(settings: Settings, rounds: int) -> list[float]:
    """Milliseconds from LPUSH to a claim in hand, on a worker that waits."""
    client = command_client(settings)
    await client.flushall()
    taken = []
    async with worker(settings, client) as consumer:
        for _ in range(rounds):
            claiming = asyncio.create_task(consumer.claim())
            await asyncio.sleep(0.01)
            element = _task().model_dump_json(exclude_none=True)
            started = time.perf_counter()
            await client.lpush(settings.redis_queue_name, element)
            claim = await claiming
            taken.append((time.perf_counter() - started) * 1000)
            assert claim is not None
            await consumer.complete(claim, RESULT)
    await client.aclose()
    return taken


async def checkpointing(settings: Settings) -> Checkpointing:
    """Save the windows of ten hours of speech, and read its progress at the end."""
    client = command_client(settings)
    await client.flushall()
    producer, reader = Producer(client, settings), TaskReader(client, settings)
    task = _task()
    async with worker(settings, client) as consumer:
        await producer.enqueue(task)
        claim = await consumer.claim()
        assert claim is not None
        await client.config_set("auto-aof-rewrite-percentage", 0)  # the file only grows
        windows = [_done(number) for number in range(TEN_HOURS // WINDOW_SECONDS)]
        before = await _written(client)
        for done in windows[:-1]:
            await consumer.checkpoints.save(claim, done)
        save_ms = await _milliseconds(consumer.checkpoints.save(claim, windows[-1]))
        poll_ms = await _milliseconds(reader.state(task.task_id))
        written = await _written(client) - before
        await consumer.complete(claim, RESULT)
    await client.aclose()
    size = sum(len(done.window.model_dump_json()) for done in windows)
    return Checkpointing(round(size / 1e6, 2), round(written / 1e6, 2), round(save_ms, 2), round(poll_ms, 2))


def _done(number: int) -> WindowDone:
    """A window with some 60 words."""
    start, end = float(number * WINDOW_SECONDS), float((number + 1) * WINDOW_SECONDS)
    segment = Segment(id=0, start=start, end=end, text=" word" * 60 + f" {number}")
    window = WindowTranscript(number=number, start=start, end=end, segments=(segment,))
    return WindowDone(plan="plan", window=window, covered=WINDOW_SECONDS, duration=TEN_HOURS)


async def _written(client: Redis) -> int:
    """Bytes of the append-only file."""
    return int((await client.info("persistence"))["aof_current_size"])


async def _milliseconds(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return (time.perf_counter() - started) * 1000


async def measure(folder: Path, tasks: int, waiting: int) -> QueueReport:
    """All figures on one Redis with its append-only file."""
    server = RedisServer(folder, free_port())
    server.start()
    settings = own_settings(server.port, folder, max_queue_length=0)
    try:
        rows = [await throughput(settings, workers, 0, tasks) for workers in (1, 8, 64)]
        rows.append(await throughput(settings, 8, waiting, tasks))
        commands, percent = await idle(settings, 50, 10)
        latencies = await claim_latency(settings, 500)
        ten_hours = await checkpointing(settings)
    finally:
        server.kill()
    return QueueReport(
        rows,
        commands,
        percent,
        round(statistics.median(latencies), 2),
        round(statistics.quantiles(latencies, n=100)[-1], 2),
        ten_hours,
    )


def _print(report: QueueReport) -> None:
    table = Table("workers", "waiting", "tasks/s", "Redis CPU ms/task")
    for row in report.throughput:
        table.add_row(*(str(value) for value in asdict(row).values()))
    console.print(table)
    console.print(
        f"An idle worker: {report.idle_commands_per_worker_second} commands/s; "
        f"100 idle workers: {report.idle_redis_cpu_percent_per_100_workers} % of a core of Redis."
    )
    console.print(f"LPUSH to claim: p50 {report.claim_ms_p50} ms, p99 {report.claim_ms_p99} ms.")
    ten = report.ten_hours
    console.print(
        f"The windows of ten hours ({ten.windows_mb} MB): {ten.written_mb} MB written; the last is saved in "
        f"{ten.last_save_ms} ms, a poll then takes {ten.last_poll_ms} ms."
    )


def main(
    tasks: Annotated[int, typer.Option(min=10, max=100_000, help="Tasks of each row.")] = 5000,
    waiting: Annotated[int, typer.Option(min=0, max=1_000_000, help="Length of the long queue.")] = 100_000,
    output: Annotated[Path | None, typer.Option(help="Write the figures there as JSON.")] = None,
) -> None:
    """Measure the queue and print the figures."""
    with tempfile.TemporaryDirectory(prefix="queue") as folder:
        report = asyncio.run(measure(Path(folder), tasks, waiting))
    _print(report)
    if output is not None:
        output.write_text(json.dumps(asdict(report), indent=1))


if __name__ == "__main__":
    typer.run(main)
