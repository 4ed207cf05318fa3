"""What finished tasks take in Redis: `python3 -m benchmark.redis_memory`. Starts a Redis of its own.

Tasks with recordings of an hour are accepted, done and archived as by an API and a worker. Memory is measured
with their results in Redis, and when ARCHIVED_RESULT_SECONDS are over.
"""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console

from app.archive.archive import Archive
from app.core.config import Settings
from app.housekeeping.outbox_sweep import OutboxSweep
from app.launcher.redis_server import RedisServer, free_port
from app.queue.clients import command_client
from app.queue.ended import EndedTasks
from app.queue.producer import Producer
from app.schemas.task import Task
from app.services.archive_service import ArchiveService
from app.storage.local import LocalStorage
from benchmark.own_settings import own_settings
from benchmark.queue import worker

console = Console()

SEGMENTS, WORDS = 900, 10
"""Of an hour of speech."""

AT_A_TIME = 50
MEBIBYTE = 1024 * 1024


def result_of(number: int) -> str:
    """An hour of speech with the times of its words."""
    segments = []
    for index in range(SEGMENTS):
        start = index * 4.0
        words = [f" word{(index * WORDS + place + number) % 7919}" for place in range(WORDS)]
        times = [
            {
                "start": start + place * 0.4,
                "end": start + place * 0.4 + 0.3,
                "word": word,
                "probability": 0.93,
            }
            for place, word in enumerate(words)
        ]
        text = "".join(words)
        segments.append({"id": index, "start": start, "end": start + 3.9, "text": text, "words": times})
    text = "".join(str(each["text"]) for each in segments)
    return json.dumps({"text": text, "language": "en", "duration": 3600.0, "segments": segments})


async def _finish(settings: Settings, tasks: int, forget: bool) -> int:
    """Have tasks done and archived; bytes that Redis has then. `forget`: the short time is over."""
    client, storage = command_client(settings), LocalStorage(settings)
    archive, ended = Archive.from_settings(settings), list[str]()
    service = ArchiveService(client, settings, storage, archive)
    outbox = OutboxSweep(client, settings, storage, service)
    async with worker(settings, client) as consumer:
        for number in range(tasks):
            task = Task(
                task_id=f"task-{number}", file_path=f"{number}.mp3", filename="talk.mp3", duration=3600
            )
            storage.outbox.save(task)
            await Producer(client, settings).enqueue(task)
            claim = await consumer.claim()
            assert claim is not None
            await consumer.complete(claim, storage.keep_result(task, result_of(number)) or "")
            ended.append(task.task_id)
            if len(ended) == AT_A_TIME or number == tasks - 1:
                await outbox.sweep()
                for task_id in ended if forget else ():
                    await EndedTasks(client, settings).shorten(task_id, 1)
                ended.clear()
    await asyncio.sleep(3 if forget else 0)
    await client.memory_purge()
    memory = cast(dict[str, int], await client.info("memory"))["used_memory"]
    await client.aclose()
    archive.close()
    return memory


def _measured(tasks: int, seconds: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = RedisServer(folder / "redis", free_port())
        (folder / "redis").mkdir()
        server.start()
        settings = own_settings(
            server.port,
            folder,
            keep_ended_seconds=0,
            min_free_disk_mb=0,
            archived_result_seconds=seconds,
        )
        settings.outbox_dir.mkdir(parents=True)
        try:
            return asyncio.run(_finish(settings, tasks, forget=seconds > 0))
        finally:
            server.stop()


def main(tasks: Annotated[int, typer.Option(min=1, help="Finished tasks of an hour.")] = 1000) -> None:
    """Print both figures."""
    console.print(f"{tasks} tasks, each with a result of {len(result_of(0)) / MEBIBYTE:.2f} MiB")
    for what, seconds in (("ARCHIVED_RESULT_SECONDS=0", 0), ("after ARCHIVED_RESULT_SECONDS", 3600)):
        console.print(f"{what}: {_measured(tasks, seconds) / MEBIBYTE:.1f} MiB in Redis")


if __name__ == "__main__":
    typer.run(main)
