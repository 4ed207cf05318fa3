"""Recordings that were transcribed in the same way before get the same result: from Redis, or the archive."""

import logging
import time

from anyio import to_thread

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.queue.cached_results import CachedResult, CachedResults
from app.queue.results import state_of_result
from app.schemas.task import Task
from app.services.archive_service import ArchiveService
from app.services.redis_service import RedisService
from app.storage.base import Storage

logger = logging.getLogger(__name__)

AWAY_SECONDS = 10.0
"""How long an archive that does not answer is asked no more: who sends a recording does not wait for it."""


class ResultCache:
    """Each owner's results apart: nobody learns from them what another has sent."""

    def __init__(
        self,
        settings: Settings,
        storage: Storage,
        queue: RedisService,
        cached: CachedResults,
        archive: ArchiveService | None = None,
    ) -> None:
        self._is_on = settings.reuse_results
        self._storage = storage
        self._queue = queue
        self._cached = cached
        self._archive = archive
        self._away_until = 0.0

    async def reuse(self, task: Task) -> bool:
        """Make a task done with an earlier result; False where there is none. Raises QueueUnavailable,
        StorageFull."""
        source = await self._source(task) if self._is_on and task.fingerprint is not None else None
        if source is None:
            return False
        result = source.copied(task.again_of)
        await to_thread.run_sync(self._storage.keep_result, task, result)
        await self._cached.reuse(task, result)
        await self._queue.tell_end(task)
        logger.info("The same recording was task %s: its result is used again", source.task_id)
        return True

    async def note(self, task: Task) -> None:
        """A task was accepted whose result may be used again."""
        await self._cached.note(task)

    async def _source(self, task: Task) -> CachedResult | None:
        source = await self._cached.source(task) or await self._archived(task)
        if source is None:
            return None
        deleted = await to_thread.run_sync(self._storage.outbox.deleted, [source.task_id])
        return None if deleted else source

    async def _archived(self, task: Task) -> CachedResult | None:
        if self._archive is None or task.fingerprint is None or time.monotonic() < self._away_until:
            return None
        try:
            found = await self._archive.of_fingerprint(task.owner, task.fingerprint)
        except ArchiveUnavailable:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return None
        if found is None:
            return None
        result = state_of_result(found.task.task_id, found.result).result
        return CachedResult(found.task.task_id, result) if result is not None else None
