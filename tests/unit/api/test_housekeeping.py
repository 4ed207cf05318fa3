"""The API's housekeeping: goes on whatever happens, and says trouble once."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from app.api.lifespan import Housekeeping, intake_of
from app.core.config import Settings
from app.core.stopping import Stopping
from app.housekeeping.outbox_sweep import OutboxSweep
from app.housekeeping.store_binding import StoreBinding
from app.launcher.redis_server import free_port
from app.queue.awaited import AwaitedTasks
from app.queue.clients import command_client
from app.queue.eta import EtaEstimator
from app.queue.usage import UsageCounter
from app.schemas.task import Task
from app.services.left_uploads import LeftUploads
from app.services.redis_service import RedisService
from app.services.task_service import TaskService
from app.services.waiting_service import WaitingService
from app.storage.local import LocalStorage
from tests.support.serving import PATIENCE_SECONDS


def troubles(caplog: pytest.LogCaptureFixture) -> list[str]:
    lines = [record.getMessage() for record in caplog.records if record.name == "app.api.lifespan"]
    assert all("Housekeeping fails" in line for line in lines)
    return lines


@asynccontextmanager
async def housekeeping(settings: Settings) -> AsyncIterator[Redis]:
    """The housekeeping of an API, at work; and a client of its Redis."""
    client, storage = command_client(settings), LocalStorage(settings)
    folder, outbox = StoreBinding(client, settings, storage), OutboxSweep(client, settings, storage)
    stopping = Stopping()
    tasks = TaskService(client, settings, storage, EtaEstimator(client, settings), stopping)
    waiting = WaitingService(settings, AwaitedTasks(client, settings), tasks, stopping)
    queue = RedisService(client, settings)
    usage = UsageCounter(client, settings)
    _, audio = intake_of(client, settings, storage, folder, queue, tasks, usage)
    left = LeftUploads(settings, storage, tasks, audio)
    cleaner = Housekeeping(settings, queue, folder, outbox, waiting, left, usage)
    work = asyncio.create_task(cleaner.run())
    try:
        yield client
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await folder.leave()
        await client.aclose()


async def test_redis_away_is_logged_once(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings.model_copy(update={"redis_port": free_port(), "maintenance_seconds": 0.01})
    async with housekeeping(settings):
        with caplog.at_level(logging.WARNING):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not troubles(caplog):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await asyncio.sleep(1)  # several more rounds
    assert len(troubles(caplog)) == 1


async def test_a_broken_chore_does_not_end_it(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    settings = settings.model_copy(update={"maintenance_seconds": 0.05})
    other = command_client(settings)
    await other.set(f"{settings.redis_queue_name}:delayed", "not a sorted set")
    await other.aclose()
    async with housekeeping(settings) as client, asyncio.timeout(60):
        while "Housekeeping fails" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await client.delete(f"{settings.redis_queue_name}:delayed")
        LocalStorage(settings).outbox.save(Task(task_id="t", file_path="t.wav"))
        while not await client.llen(settings.redis_queue_name):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert caplog.text.count("Traceback") == 1
