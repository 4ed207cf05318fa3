"""How many finished tasks a second the APIs archive: `python3 -m benchmark.archiving --apis 2`.

Starts a Redis and so many APIs of its own. Tasks are ended as workers end them, all at once: a kept result, a
note, the result in Redis. Measured, from the first to the last transcript in the archive: tasks a second, and
the processor time of each API for one.
"""

import asyncio
import contextlib
import random
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psutil
import typer
from pydantic import SecretStr
from rich.console import Console

from app.archive.archive import Archive
from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.queue.claims import Claim
from app.queue.clients import blocking_client, command_client
from app.queue.consumer import Consumer, new_worker_id
from app.queue.producer import Producer
from app.schemas.task import Task
from app.storage.opening import open_storage
from benchmark.archive import SEGMENT_SECONDS, running_api, transcripts
from benchmark.own_settings import own_settings
from benchmark.processes import cpu_seconds

console = Console()

DIFFERENT = 50
"""Transcripts that are made; many tasks have the same."""

POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Archived:
    """Tasks a second while all were archived, and processor milliseconds for one of each API."""

    tasks_per_second: float
    cpu_ms: tuple[float, ...]


async def _end(settings: Settings, count: int, minutes: float) -> None:
    """End so many tasks: claimed one after another, then handed in at once."""
    commands, blocking = command_client(settings), blocking_client(settings)
    worker = Consumer(settings, worker_id=new_worker_id(), commands=commands, blocking=blocking)
    await worker.register()
    settings.upload_dir.mkdir(parents=True, exist_ok=True)
    segments = max(1, round(minutes * 60 / SEGMENT_SECONDS))
    producer = Producer(commands, settings)
    claims = [await _claimed(settings, producer, worker, minutes * 60) for _ in range(count)]
    results = [each.decode() for each in transcripts(random.Random(1), min(DIFFERENT, count), segments)]
    await worker.heartbeat(claims)
    storage = open_storage(settings)
    for number, claim in enumerate(claims):
        result = storage.keep_result(claim.task, results[number % len(results)])
        if result is None or not await worker.complete(claim, result):
            raise RuntimeError(f"Task {claim.task.task_id} could not be ended.")
    await worker.leave()
    await commands.aclose()
    await blocking.aclose()


async def _claimed(settings: Settings, producer: Producer, worker: Consumer, seconds: float) -> Claim:
    task_id = str(uuid.uuid4())
    name = f"{task_id}.mp3"
    (settings.upload_dir / name).touch()
    task = Task(task_id=task_id, file_path=name, filename="talk.mp3", model="base", duration=seconds)
    open_storage(settings).outbox.save(task)
    await producer.enqueue(task)
    claim = await worker.claim()
    if claim is None:
        raise RuntimeError(f"Task {task_id} was not claimed.")
    return claim


def _measure(settings: Settings, count: int, minutes: float, apis: list[psutil.Process]) -> Archived:
    archive = Archive.from_settings(settings)

    def there() -> int:
        time.sleep(POLL_SECONDS)
        return archive.figures().transcripts

    before = [cpu_seconds(each) for each in apis]
    asyncio.run(_end(settings, count, minutes))
    while (first := there()) == 0:
        continue
    started = time.monotonic()
    while there() < count:
        continue
    seconds = time.monotonic() - started
    cpu = tuple((cpu_seconds(api) - at) * 1000 / count for api, at in zip(apis, before, strict=True))
    archive.close()
    return Archived((count - first) / seconds, cpu)


def main(
    count: Annotated[int, typer.Option(min=2, help="Tasks that end.")] = 500,
    minutes: Annotated[float, typer.Option(min=0.05, help="Length of their recordings.")] = 30.0,
    apis: Annotated[int, typer.Option(min=1, max=16, help="APIs that share the archive.")] = 1,
    database_url: Annotated[str, typer.Option(help="PostgreSQL, empty; none: SQLite.")] = "",
) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="archiving") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        server = RedisServer(folder / "redis", free_port())
        server.start()
        stack.callback(server.kill)
        settings = own_settings(
            server.port,
            folder,
            database_url=SecretStr(database_url) if database_url else None,
            lease_seconds=600.0,
            max_queue_length=0,
        )
        running = [stack.enter_context(running_api(settings, folder))[1] for _ in range(apis)]
        found = _measure(settings, count, minutes, running)
    shares = " + ".join(f"{each:.1f}" for each in found.cpu_ms)
    console.print(
        f"{apis} API(s), {'PostgreSQL' if database_url else 'SQLite'}: {found.tasks_per_second:.1f} tasks a "
        f"second; processor time of the APIs for one: {shares} ms."
    )


if __name__ == "__main__":
    typer.run(main)
