"""Deleted tasks against Redis: what it knows again is deleted again, until their tombstones may go."""

import asyncio
import logging

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.housekeeping.keeper import Keeper
from app.queue.maintenance import Maintenance
from app.queue.outcomes import DeleteOutcome, Stage
from app.queue.reader import TaskReader
from app.schemas.task import Task
from app.storage.base import Storage

logger = logging.getLogger(__name__)


class TombstoneSweep:
    """Keeps deleted tasks away for KEEP_ENDED_SECONDS at least, and until the archive has removed them."""

    def __init__(self, client: Redis, settings: Settings, storage: Storage, archive: Keeper | None) -> None:
        self._settings = settings
        self._storage = storage
        self._outbox = storage.outbox
        self._archive = archive
        self._maintenance = Maintenance(client, settings)
        self._reader = TaskReader(client, settings)

    async def sweep(self) -> int:
        """Delete again what Redis knows again; forget what it has not known for long. How many came back."""
        tombstones = await asyncio.to_thread(self._outbox.tombstones)
        standings = await self._maintenance.survey(each.task_id for each in tombstones)
        again = 0
        for tombstone in tombstones:
            if standings[tombstone.task_id].stage is not Stage.UNKNOWN:
                task = await asyncio.to_thread(self._outbox.buried, tombstone.task_id)
                again += await self._delete_again(task)
            elif tombstone.age_seconds >= self._settings.keep_ended_seconds:
                await self._forget_deleted(tombstone.task_id)
        if again:
            logger.warning("Redis knew %d deleted task(s) again, which are deleted once more", again)
        return again

    async def _delete_again(self, task: Task) -> bool:
        outcome = await self._reader.delete(task.task_id, task.owner)
        await asyncio.to_thread(self._storage.discard, task)
        return outcome is DeleteOutcome.DELETED  # else it runs: its worker is told at the next heartbeat

    async def _forget_deleted(self, task_id: str) -> None:
        """The recording goes once more: a worker may have fetched it while its task was deleted.

        Not before the archive, too, knows that the task is deleted: without the tombstone it would show it.
        """
        if await self._is_gone_from_archive(task_id):
            task = await asyncio.to_thread(self._outbox.buried, task_id)
            await self._reader.delete(task_id, task.owner)  # its request may still be known where it is not
            await asyncio.to_thread(self._storage.finish, task)
            await asyncio.to_thread(self._outbox.remove_tombstone, task_id)

    async def _is_gone_from_archive(self, task_id: str) -> bool:
        if self._archive is None:
            return not self._settings.archive
        try:
            await self._archive.remove(task_id)
        except ArchiveUnavailable:
            return False
        return True
