"""What the API asks of the queue: hand a task in, say who works, and mend what was lost."""

import logging
from dataclasses import dataclass
from typing import Literal

from anyio import to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QueueFull, QueueUnavailable, UnsafeRedis
from app.queue.clients import check_server
from app.queue.guard import redis_reachable
from app.queue.maintenance import Maintenance
from app.queue.producer import FULL_RETRY_AFTER_SECONDS, Producer
from app.queue.reader import TaskReader
from app.schemas.task import ENDED, Task
from app.storage.base import Storage

logger = logging.getLogger(__name__)

SETTLED_SECONDS = 60
"""Age at which an outbox note is looked into: its upload may still be on its way into the queue before."""

ENDED_SECONDS = 600
"""Age at which a note is checked for a task that ended while its worker died before tidying up."""

UNSAFE_RETRY_AFTER_SECONDS = 60

REFUSES_WRITES = (
    "Redis answers, but refuses to write: its disk or memory is full, or it is a replica; its log says why."
)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether tasks can be taken, how many workers live, and a sentence for people."""

    ready: bool
    status: Literal["ready", "no_workers", "unavailable"]
    detail: str
    workers: int
    queue_length: int


class RedisService:
    """The API's one door to the queue."""

    def __init__(self, client: Redis, settings: Settings, storage: Storage) -> None:
        self._client = client
        self._settings = settings
        self._storage = storage
        self._producer = Producer(client, settings)
        self._reader = TaskReader(client, settings)
        self._maintenance = Maintenance(client, settings)
        self._checked = False

    async def check(self) -> None:
        """Make sure, once, that this Redis keeps what it is given. Raises QueueUnavailable."""
        if self._checked:
            return
        try:
            async with redis_reachable():
                await check_server(self._client)
        except UnsafeRedis as error:
            raise QueueUnavailable(error.detail, retry_after_seconds=UNSAFE_RETRY_AFTER_SECONDS) from error
        self._checked = True

    async def refuse_when_full(self) -> None:
        """Tell before an upload what `enqueue` would tell after it. Raises QueueFull, QueueUnavailable."""
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

    async def readiness(self) -> Readiness:
        """Whether Redis answers and takes writes, and who works."""
        try:
            await self.check()
            workers = len(await self._reader.live_workers())
            waiting = await self._reader.queue_length()
        except QueueUnavailable as error:
            return Readiness(False, "unavailable", error.detail, 0, 0)
        try:
            await self._producer.check_writable()
        except QueueUnavailable:
            return Readiness(False, "unavailable", REFUSES_WRITES, workers, waiting)
        if not workers:
            detail = "Redis answers, but no worker is alive; tasks wait until one starts."
            return Readiness(True, "no_workers", detail, 0, waiting)
        return Readiness(True, "ready", "Redis answers and workers are alive.", workers, waiting)

    async def maintain(self) -> None:
        """One round of the queue's housekeeping. Raises QueueUnavailable."""
        await self.check()
        await self._maintenance.tick()

    async def reconcile(self, older_than_seconds: float = SETTLED_SECONDS) -> int:
        """Enqueue again what the outbox notes and Redis does not know; how many tasks.

        That happens where the API died between upload and enqueue, or where Redis lost its last writes.
        """
        ids = await to_thread.run_sync(self._storage.outbox_ids, older_than_seconds)
        lost = set(ids) - await self._maintenance.known(ids)
        again = 0
        for task_id in (name for name in ids if name in lost):
            task = await to_thread.run_sync(self._storage.read_outbox, task_id)
            if task is not None:
                await self.enqueue(task)
                again += 1
                logger.warning("Task %s was lost and is enqueued again", task_id, extra={"task_id": task_id})
        return again

    async def finish_ended(self, older_than_seconds: float = ENDED_SECONDS) -> int:
        """Tidy up after tasks that ended without it, their worker having died just then; how many."""
        ended = 0
        for task_id in await to_thread.run_sync(self._storage.outbox_ids, older_than_seconds):
            state = await self._reader.state(task_id)
            task = await to_thread.run_sync(self._storage.read_outbox, task_id)
            if task and state and state.status in ENDED:
                await to_thread.run_sync(self._storage.finish, task, state.error)
                ended += 1
        return ended

    async def remove_orphans(self) -> int:
        """Remove uploads that no task owns, at the age of ORPHAN_UPLOAD_SECONDS; how many."""
        age = self._settings.orphan_upload_seconds
        found = await to_thread.run_sync(self._storage.old_uploads, age)
        known = await self._maintenance.known({upload.task_id for upload in found})
        removed = 0
        for upload in found:
            kept = upload.complete and (self._settings.keep_audio or upload.task_id in known)
            if not kept:
                await to_thread.run_sync(self._storage.remove_upload, upload)
                removed += 1
                logger.info("Removed the orphaned upload %s", upload.name)
        return removed
