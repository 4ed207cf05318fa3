"""What the API asks of the queue, on a real Redis."""

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QueueFull
from app.queue.clients import command_client
from app.services.redis_service import RedisService
from tests.support.queue import task


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Redis]:
    client = command_client(settings)
    yield client
    await client.aclose()


async def test_a_full_queue_is_told_before_the_upload(client: Redis, settings: Settings) -> None:
    small = RedisService(client, settings.model_copy(update={"max_queue_length": 1}))
    await small.refuse_when_full()
    await small.enqueue(task("t"))
    with pytest.raises(QueueFull) as raised:
        await small.refuse_when_full()
    assert raised.value.retry_after_seconds


async def test_maintenance_and_readiness(client: Redis, settings: Settings) -> None:
    service = RedisService(client, settings)
    await service.maintain()
    readiness = await service.readiness()
    assert (readiness.ready, readiness.status, readiness.workers) == (True, "no_workers", 0)
