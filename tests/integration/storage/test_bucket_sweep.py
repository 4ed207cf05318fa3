"""What a sweep asks of a bucket: on a real S3 server, counted by a relay before it."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable

import pytest
from anyio import to_thread

from app.archive.archive import Archive
from app.core.config import Settings
from app.housekeeping.outbox_sweep import OutboxSweep
from app.schemas.task import Task
from app.services.archive_service import ArchiveService
from app.storage.bucket.storage import BucketStorage
from tests.support.places import files_of
from tests.support.queue import RESULT, Queue, claim, connected
from tests.support.relay import TcpRelay

TASKS = 3

_REQUEST = re.compile(rb"^(GET|HEAD|PUT|POST|DELETE) \S+ HTTP/1\.1\r$", re.MULTILINE)


async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[bytes]:
    """Bytes until they end, each piece sent on once it was looked at."""
    while data := await reader.read(2**16):
        yield data
        writer.write(data)
        await writer.drain()


class CountingRelay(TcpRelay):
    """Counts requests by their method."""

    def __init__(self, port_behind: int) -> None:
        super().__init__(port_behind)
        self.counted: Counter[str] = Counter()

    def took(self) -> Counter[str]:
        """What was counted since the last time."""
        counted, self.counted = self.counted, Counter()
        return counted

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mark: asyncio.Event,
    ) -> None:
        async for data in passed_on(reader, writer):
            self.counted.update(method.decode() for method in _REQUEST.findall(data))

    async def _replies(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        mark: asyncio.Event,
    ) -> None:
        async for _ in passed_on(reader, writer):
            pass

    @staticmethod
    def _hang_up(writer: asyncio.StreamWriter) -> None:
        writer.close()


@pytest.fixture
async def relay(s3_settings: Callable[..., Settings]) -> AsyncIterator[CountingRelay]:
    port = int((s3_settings().storage_endpoint or "").rpartition(":")[2])
    async with CountingRelay(port) as running:
        yield running


@pytest.fixture
def settings(s3_settings: Callable[..., Settings], relay: CountingRelay) -> Settings:
    return s3_settings(storage_endpoint=f"http://127.0.0.1:{relay.port}", archive=True)


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    async with connected(settings) as queue:
        yield queue


def stored(storage: BucketStorage, task_id: str) -> Task:
    upload = storage.open_upload(task_id, "mp3")
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit())
    storage.outbox.save(task)
    return task


async def done(queue: Queue, storage: BucketStorage, task_id: str) -> None:
    task = await to_thread.run_sync(stored, storage, task_id)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    assert await worker.complete(await claim(worker), RESULT)
    await to_thread.run_sync(storage.keep_result, task, RESULT)


def ids(first: str) -> list[str]:
    return [f"{first}{number}9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55" for number in range(TASKS)]


async def test_a_sweep_asks_little_of_a_bucket_for_each_task(
    queue: Queue, settings: Settings, relay: CountingRelay
) -> None:
    """Each list is one GET more; the clock of the store a PUT and a HEAD."""
    storage = await to_thread.run_sync(BucketStorage, settings)
    archive = Archive.from_settings(settings)
    keeper = ArchiveService(queue.commands, settings, storage, archive)
    service = OutboxSweep(queue.commands, settings, storage, keeper)
    for task_id in ids("a"):
        await done(queue, storage, task_id)
    relay.took()
    await service.sweep()
    assert relay.took() == {"GET": 1 + 2 * TASKS}, "notes and results are read as they are archived"
    for task_id in ids("a"):
        await queue.commands.hset(queue.keys.task(task_id), "finished_at", 1)
    assert (await service.sweep()).finished == TASKS
    assert relay.took() == {"GET": 1 + TASKS, "POST": 2}, "all notes are removed together, then all else"

    for task_id in ids("b"):
        task = await to_thread.run_sync(stored, storage, task_id)
        relay.took()
        await to_thread.run_sync(storage.discard, task)
        assert relay.took() == {"PUT": 1, "POST": 2}
    await service.sweep()
    assert relay.took() == {"GET": 2, "PUT": 1, "HEAD": 1}, "no tombstone is read"
    hasty = settings.model_copy(update={"keep_ended_seconds": -60.0})  # stores tell whole seconds
    await OutboxSweep(queue.commands, hasty, storage, keeper).sweep()
    assert relay.took() == {"GET": 2 + TASKS, "POST": 3 * TASKS}
    assert await to_thread.run_sync(files_of, settings) == []
    archive.close()
