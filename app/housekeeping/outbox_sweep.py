"""The outbox against Redis: what Redis lost comes back, what ended goes, what was deleted stays away."""

import asyncio
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QueueFull
from app.housekeeping.ended_sweep import EndedSweep
from app.housekeeping.keeper import Keeper
from app.housekeeping.tombstone_sweep import TombstoneSweep
from app.queue.keys import Keys
from app.queue.maintenance import Maintenance
from app.queue.outcomes import RestoreOutcome, Stage, Standing
from app.queue.payload import dump_task
from app.queue.policy import Policy
from app.queue.producer import Producer
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import Scripts
from app.queue.turns import is_turn
from app.queue.webhooks import Webhooks
from app.schemas.task import Task
from app.storage.base import Storage

logger = logging.getLogger(__name__)

PART_SECONDS = 60.0
"""Age at which a half written file of the outbox, which takes a moment to write, is nobody's any more."""

Standings = dict[str, Standing]


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What one sweep did: tasks enqueued again, results restored, ended tasks removed from UPLOAD_DIR,
    deleted tasks that Redis knew and that were deleted again."""

    enqueued: int
    restored: int
    finished: int
    deleted: int


class StorageLookup:
    """The outbox for `TaskReader`: its blocking calls run in threads."""

    def __init__(self, storage: Storage) -> None:
        self._outbox = storage.outbox

    async def deleted(self, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that have a tombstone."""
        return await asyncio.to_thread(self._outbox.deleted, task_ids)

    async def noted(self, task_id: str) -> Task | None:
        """The task, where there is a note of it."""
        return await asyncio.to_thread(self._outbox.read, task_id)


class OutboxSweep:
    """Compares the outbox with Redis; every API and every worker may do so at any time.

    No clock of a host counts: ends of tasks are told by the clock of Redis, ages of files by that of the
    store. A process that has the archive hands it what ends; with ARCHIVE all others leave that to those.
    """

    def __init__(
        self, client: Redis, settings: Settings, storage: Storage, archive: Keeper | None = None
    ) -> None:
        self._client = client
        self._has_archive = archive is not None
        self._settings = settings
        self._storage = storage
        self._outbox = storage.outbox
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))
        self._maintenance = Maintenance(client, settings)
        self._producer = Producer(client, settings)
        self._webhooks = Webhooks(client, settings)
        self._tombstones = TombstoneSweep(client, settings, storage, archive)
        self._ended = EndedSweep(client, settings, storage, archive, self._noted)
        self._unreadable: set[str] = set()

    async def sweep_when_due(self) -> None:
        """One sweep every MAINTENANCE_SECONDS, by whichever process comes first. Raises CapacityError."""
        if await self._is_due():
            await self.sweep()

    async def _is_due(self) -> bool:
        """APIs that have an archive take turns of their own: what is to go there waits for them."""
        key = self._keys.swept_to_archive if self._has_archive else self._keys.swept
        return await is_turn(self._client, key, self._settings.maintenance_seconds)

    async def sweep(self) -> SweepReport:
        """Compare all that is noted with what Redis knows. Raises CapacityError, OSError."""
        listing = await asyncio.to_thread(self._outbox.listing)
        deleted = await self._tombstones.sweep() if listing.tombstones else 0
        standings = await self._maintenance.survey(listing.notes - listing.tombstones)
        restored = await self._restore(standings, listing.results)
        enqueued = await self._enqueue_lost(standings, restored)
        finished = await self._ended.sweep(standings, listing.results)
        await self._remove_stray_results(listing.results - listing.notes)
        if listing.has_parts:
            await asyncio.to_thread(self._outbox.remove_parts, PART_SECONDS)
        return SweepReport(enqueued, len(restored), finished, deleted)

    async def remove_orphans(self) -> int:
        """Remove uploads that no task owns, at the age of ORPHAN_UPLOAD_SECONDS; how many."""
        age = self._settings.orphan_upload_seconds
        found = await asyncio.to_thread(self._storage.old_uploads, age)
        standings = await self._maintenance.survey({upload.task_id for upload in found})
        removed = 0
        for upload in found:
            known = standings[upload.task_id].stage is not Stage.UNKNOWN
            if not (upload.complete and (self._settings.keep_audio or known)):
                await asyncio.to_thread(self._storage.remove_upload, upload)
                removed += 1
                logger.info("Removed the orphaned upload %s", upload.name)
        return removed

    async def _restore(self, standings: Standings, results: Collection[str]) -> set[str]:
        """A result that exists wins over another run: give back to Redis what it has lost; of which tasks."""
        restored = set()
        lost = [name for name in standings if name in results and _lacks_result(standings[name])]
        for task_id in lost:
            task = await self._noted(task_id)
            result = await asyncio.to_thread(self._outbox.result, task_id)
            if task is None or result is None:
                continue
            async with redis_reachable():
                outcome = await self._scripts.restore(
                    task_id, dump_task(task), result.encode(), owner=task.owner
                )
            if outcome is RestoreOutcome.RESTORED:
                restored.add(task_id)
                await self._webhooks.hurry(task)
                logger.info("Its result is restored", extra={"task_id": task_id})
        if restored:
            logger.warning("Redis had lost the results of %d task(s), which are restored", len(restored))
        return restored

    async def _enqueue_lost(self, standings: Standings, restored: Collection[str]) -> int:
        """Enqueue again what Redis does not know, in the order of the uploads; how many tasks.

        That happens where the API died between upload and enqueue, or where Redis lost its last writes.
        """
        unknown = {name for name, each in standings.items() if each.stage is Stage.UNKNOWN} - set(restored)
        tasks = [task for task_id in unknown if (task := await self._noted(task_id)) is not None]
        again = 0
        for task in sorted(tasks, key=lambda each: each.created_at):
            try:
                await self._producer.enqueue(task)
            except QueueFull:
                logger.info("%d task(s) wait in the outbox for room in the queue", len(tasks) - again)
                break
            again += 1
            logger.info("It was lost and is enqueued again", extra={"task_id": task.task_id})
        if again:
            logger.warning("Redis did not know %d task(s), which are enqueued again", again)
        return again

    async def _remove_stray_results(self, task_ids: Collection[str]) -> None:
        """Results whose notes are gone: whoever removed both died in between."""
        for task_id in task_ids:
            if not await asyncio.to_thread(self._outbox.holds, task_id):
                await asyncio.to_thread(self._outbox.remove, task_id)

    async def _noted(self, task_id: str) -> Task | None:
        """The noted task; a note that cannot be read is told once."""
        if task_id in self._unreadable:
            return None
        task = await asyncio.to_thread(self._outbox.read, task_id)
        if task is None and await asyncio.to_thread(self._outbox.holds, task_id):
            self._unreadable.add(task_id)
        return task


def _lacks_result(standing: Standing) -> bool:
    """Not done, as far as Redis knows; the last attempt may have been the one whose result was lost.

    Where it runs, its worker is about to hand the result in, or whoever takes it over finds it.
    """
    return standing.stage in (Stage.UNKNOWN, Stage.WAITING) or standing.failure is not None
