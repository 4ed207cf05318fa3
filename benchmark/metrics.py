"""What one look at `/metrics` costs with many workers: `python3 -m benchmark.metrics --workers 1000`.

Starts a Redis of its own, in which so many workers hold a task each and as many tasks wait. Measured: the
time in which the API puts the figures together, and the processor time of it.
"""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.observability.metrics import Metrics
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer
from app.queue.producer import Producer
from app.schemas.task import Task
from app.schemas.transcript import Segment
from app.schemas.window import WindowDone, WindowTranscript
from app.services.operator_service import OperatorService
from app.storage.opening import open_storage
from benchmark.own_settings import own_settings

console = Console()

LEASE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Look:
    """Milliseconds, and milliseconds of a processor."""

    wall_ms: float
    cpu_ms: float


async def _fill(settings: Settings, workers: int) -> None:
    """Have so many workers hold a task that has begun, and as many tasks wait."""
    commands, blocking = command_client(settings), blocking_client(settings)
    producer = Producer(commands, settings)
    segment = Segment(id=0, start=0.0, end=25.0, text=" word" * 60)
    window = WindowTranscript(number=0, start=0.0, end=25.0, segments=(segment,))
    for number in range(workers):
        worker = Consumer(
            settings, worker_id=f"host{number}:{number:08x}", commands=commands, blocking=blocking
        )
        await worker.register()
        await producer.enqueue(_task(f"held{number}"))
        claim = await worker.claim()
        if claim is None:
            raise RuntimeError("A task was not claimed.")
        await worker.checkpoints.save(
            claim, WindowDone(plan="p", window=window, covered=25.0, duration=600.0)
        )
    for number in range(workers):
        await producer.enqueue(_task(f"waits{number}"))
    await commands.aclose()
    await blocking.aclose()


def _task(name: str) -> Task:
    return Task(task_id=name, file_path=f"{name}.mp3", filename="talk.mp3", model="base", duration=600.0)


async def _look(settings: Settings, tries: int) -> list[Look]:
    client = command_client(settings)
    operator, metrics = OperatorService(client, settings, open_storage(settings)), Metrics()
    looks = []
    for _ in range(tries):
        wall, cpu = time.perf_counter(), time.process_time()
        metrics.exposition(await operator.snapshot())
        looks.append(Look((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000))
    await client.aclose()
    return looks


def main(
    workers: Annotated[int, typer.Option(min=1, max=10_000, help="Workers that hold a task.")] = 1000,
    tries: Annotated[int, typer.Option(min=1, help="Looks of which the median is told.")] = 50,
) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="metrics") as folder:
        server = RedisServer(Path(folder), free_port())
        server.start()
        settings = own_settings(server.port, Path(folder), lease_seconds=LEASE_SECONDS, max_queue_length=0)
        try:
            asyncio.run(_fill(settings, workers))
            looks = asyncio.run(_look(settings, tries))
        finally:
            server.kill()
    wall = statistics.median(look.wall_ms for look in looks)
    cpu = statistics.median(look.cpu_ms for look in looks)
    console.print(f"{workers} busy workers: {wall:.0f} ms, {cpu:.0f} ms of a processor (medians of {tries}).")


if __name__ == "__main__":
    typer.run(main)
