"""What the API asks of the queue: enqueue a task, list the workers, run maintenance."""

from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ClusterUnsupported, QueueFull, QueueUnavailable, UnsafeRedis
from app.queue.clients import check_server
from app.queue.maintenance import Maintenance
from app.queue.probe import check_cluster, check_commands
from app.queue.producer import FULL_RETRY_AFTER_SECONDS, Producer
from app.queue.reader import TaskReader
from app.queue.redis_errors import redis_reachable
from app.queue.webhooks import Webhooks
from app.schemas.task import Task

UNSAFE_RETRY_AFTER_SECONDS = 60

ReadinessStatus = Literal["ready", "no_workers", "unavailable", "redis_cluster_unsupported", "foreign_folder"]
"""In one word, for programs."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether tasks can be taken, how many workers live, and a sentence for people."""

    ready: bool
    status: ReadinessStatus
    detail: str
    workers: int
    queue_length: int


class RedisService:
    """The API's one door to the queue."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._producer = Producer(client, settings)
        self._reader = TaskReader(client, settings)
        self._maintenance = Maintenance(client, settings)
        self._webhooks = Webhooks(client, settings)
        self._checked = False

    async def check(self) -> None:
        """Make sure, once, that this Redis takes and keeps what it is given. Raises QueueUnavailable."""
        if self._checked:
            return
        await check_cluster(self._client, self._settings)
        try:
            async with redis_reachable():
                await check_server(self._client)
        except UnsafeRedis as error:
            raise QueueUnavailable(error.detail, retry_after_seconds=UNSAFE_RETRY_AFTER_SECONDS) from error
        self._checked = True

    async def refuse_when_full(self) -> None:
        """Tell before an upload what `enqueue` would tell after it. Raises QueueFull, QueueUnavailable."""
        await self.check()
        limit = self._settings.max_queue_length
        if limit and await self._reader.queue_length() >= limit:
            raise QueueFull(
                f"The queue is full ({limit} tasks wait); please try again later.",
                retry_after_seconds=FULL_RETRY_AFTER_SECONDS,
            )

    async def enqueue(self, task: Task) -> None:
        """Hand a task to the workers. Raises QueueFull, QueueUnavailable."""
        await self.check()
        await self._producer.enqueue(task)

    async def tell_end(self, task: Task) -> None:
        """Have the end of a task told that ended without ever waiting. Raises QueueUnavailable."""
        await self._webhooks.expect(task)
        await self._webhooks.hurry(task)

    async def readiness(self) -> Readiness:
        """Whether Redis lets us do all that an upload and its task need, and who works."""
        try:
            await self.check()
            await check_commands(self._client, self._settings)
            workers = len(await self._reader.live_workers())
            waiting = await self._reader.queue_length()
        except ClusterUnsupported as error:
            return Readiness(False, "redis_cluster_unsupported", error.detail, 0, 0)
        except QueueUnavailable as error:
            return Readiness(False, "unavailable", error.detail, 0, 0)
        if not workers:
            detail = "Redis answers, but no worker is alive; tasks wait until one starts."
            return Readiness(True, "no_workers", detail, 0, waiting)
        return Readiness(True, "ready", "Redis answers and workers are alive.", workers, waiting)

    async def maintain(self) -> None:
        """One round of the queue's housekeeping. Raises QueueUnavailable."""
        await self.check()
        await self._maintenance.tick()
