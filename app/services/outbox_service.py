"""The outbox against Redis: what Redis lost comes back, what ended goes, what was deleted stays away."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable, QueueFull
from app.queue.elements import payload_of
from app.queue.guard import redis_reachable
from app.queue.keys import Keys
from app.queue.maintenance import Maintenance
from app.queue.outcomes import DeleteOutcome, RestoreOutcome, Stage, Standing
from app.queue.policy import Policy
from app.queue.producer import Producer
from app.queue.reader import TaskReader
from app.queue.scripts import Scripts
from app.queue.turns import is_turn
from app.queue.webhooks import Webhooks
from app.schemas.task import Task
from app.storage.base import Ended, Storage

logger = logging.getLogger(__name__)

SHORTEST_KEEP_SECONDS = 5.0
"""Kept at least, however full the disk is: what `appendfsync everysec` may lose is younger."""

PART_SECONDS = 60.0
"""Age at which a half written file of the outbox, which takes a moment to write, is nobody's any more."""

WAIT_FOR_ARCHIVE_SECONDS = 3600.0
"""How much longer the result of an ended task stays on the disk where no archive takes it. Then Redis alone
has it, from where it is collected as long as RESULT_TTL_SECONDS last: UPLOAD_DIR must not fill up."""

FINISHED_AT_ONCE = 500
"""Ended tasks whose notes are in memory together, and whose files go together."""

LOOKS_AT_ONCE = 8
"""Tasks that are read at a time: a bucket takes a while to answer each."""

MEBIBYTE = 1024 * 1024

Standings = dict[str, Standing]
T = TypeVar("T")


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


class Keeper(Protocol):
    """The archive, as far as the outbox needs it. Every method raises ArchiveUnavailable."""

    async def keep(self, task_id: str, noted: Task | None, result: str | None) -> bool:
        """Keep what an ended task gave, by its note and kept result or, without these, by what Redis has.

        False where there is nothing to keep, or where it has been kept before. Raises QueueUnavailable.
        """

    async def remove(self, task_id: str) -> None:
        """Remove a task, and keep it out."""

    async def missing(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks that are not there, and were not removed from there."""

    async def failed(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks whose failures are there."""


class OutboxService:
    """Compares the outbox with Redis; every API and every worker may do so at any time.

    No clock of a host counts: ends of tasks are told by the clock of Redis, ages of files by that of the
    store. A process that has the archive hands it what ends; with ARCHIVE all others leave that to those.
    """

    def __init__(
        self, client: Redis, settings: Settings, storage: Storage, archive: Keeper | None = None
    ) -> None:
        self._client = client
        self._archive = archive
        self._settings = settings
        self._storage = storage
        self._outbox = storage.outbox
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))
        self._maintenance = Maintenance(client, settings)
        self._producer = Producer(client, settings)
        self._webhooks = Webhooks(client, settings)
        self._reader = TaskReader(client, settings)
        self._is_disk_low = False
        self._unreadable: set[str] = set()

    async def sweep_when_due(self) -> None:
        """One sweep every MAINTENANCE_SECONDS, by whichever process comes first. Raises CapacityError."""
        if await self._is_due():
            await self.sweep()

    async def _is_due(self) -> bool:
        """APIs that have an archive take turns of their own: what is to go there waits for them."""
        key = self._keys.swept if self._archive is None else self._keys.swept_to_archive
        return await is_turn(self._client, key, self._settings.maintenance_seconds)

    async def sweep(self) -> SweepReport:
        """Compare all that is noted with what Redis knows. Raises CapacityError, OSError."""
        listing = await asyncio.to_thread(self._outbox.listing)
        deleted = await self._sweep_tombstones() if listing.tombstones else 0
        standings = await self._maintenance.survey(listing.notes - listing.tombstones)
        restored = await self._restore(standings, listing.results)
        enqueued = await self._enqueue_lost(standings, restored)
        await self._archive_ended(standings, listing.results)
        finished = await self._finish_ended(standings, listing.results)
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

    async def _sweep_tombstones(self) -> int:
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
                    task_id, payload_of(task), result.encode(), owner=task.owner
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

    async def _archive_ended(self, standings: Standings, results: Collection[str]) -> None:
        """Have the archive keep what has ended now, long before the copy on the disk goes: who asked for a
        summary waits for it."""
        if self._archive is None:
            return
        ended = {name: each for name, each in standings.items() if each.stage is Stage.ENDED}
        failed = {name for name, each in ended.items() if each.failure is not None}
        with contextlib.suppress(ArchiveUnavailable):  # `_finish_ended` waits for it
            new_failures = failed - await self._archive.failed(failed)
            new = await self._archive.missing(ended.keys() - failed) | new_failures

            async def keep(task_id: str) -> bool:
                noted = await self._noted(task_id)
                return await self._is_archived(task_id, noted, has_result=task_id in results)

            await _of_each(new, keep)

    async def _finish_ended(self, standings: Standings, results: Collection[str]) -> int:
        """Remove what tasks left in UPLOAD_DIR that ended long enough ago; how many."""
        keep_seconds = await self._keep_seconds()
        due = []
        for task_id, standing in standings.items():
            if standing.stage is Stage.ANSWERED:
                async with redis_reachable():
                    await self._scripts.adopt(task_id)  # its end counts from now
            elif standing.stage is Stage.ENDED and standing.ended_seconds >= keep_seconds:
                due.append(task_id)
        unarchived = frozenset(results).intersection(await self._missing(due))
        finished = 0

        async def ready(task_id: str) -> Ended | None:
            has_result = task_id in unarchived
            return await self._ready(task_id, standings[task_id], keep_seconds, has_result=has_result)

        for first in range(0, len(due), FINISHED_AT_ONCE):
            found = await _of_each(due[first : first + FINISHED_AT_ONCE], ready)
            ended = [each for each in found if each is not None]
            await asyncio.to_thread(self._storage.finish_all, ended)
            finished += len(ended)
        return finished

    async def _ready(
        self, task_id: str, standing: Standing, keep_seconds: float, *, has_result: bool
    ) -> Ended | None:
        """An ended task whose result the archive has, so that what it left may go; None where that is waited
        for."""
        task = await asyncio.to_thread(self._outbox.read, task_id)
        is_overdue = self._is_disk_low or standing.ended_seconds >= keep_seconds + WAIT_FOR_ARCHIVE_SECONDS
        is_archived = await self._is_archived(task_id, task, has_result=has_result)
        if not is_archived and standing.failure is None and not is_overdue:
            return None
        task = task or Task(task_id=task_id, file_path=task_id)  # at least the note goes
        return Ended(task, standing.failure)

    async def _missing(self, task_ids: Collection[str]) -> Collection[str]:
        """Those of the tasks whose results the archive has not, or perhaps not."""
        if self._archive is None:
            return ()
        try:
            return await self._archive.missing(task_ids)
        except ArchiveUnavailable:
            return task_ids

    async def _is_archived(self, task_id: str, noted: Task | None, *, has_result: bool) -> bool:
        """Whether the archive has what it is to have of a task; `has_result`: a result of it is kept."""
        if self._archive is None:
            return not self._settings.archive
        result = await asyncio.to_thread(self._outbox.result, task_id) if has_result else None
        try:
            await self._archive.keep(task_id, noted, result)
        except ArchiveUnavailable:
            return False
        return True

    async def _keep_seconds(self) -> float:
        """KEEP_ENDED_SECONDS; less where the free space nears MIN_FREE_DISK_MB, from twice that on."""
        keep, least = self._settings.keep_ended_seconds, self._settings.min_free_disk_mb * MEBIBYTE
        free = await asyncio.to_thread(self._storage.free_bytes)
        share = (free - least) / least if least else math.inf
        shortened: float = max(min(keep, SHORTEST_KEEP_SECONDS), keep * min(1.0, share))
        is_low = shortened < keep
        if is_low and not self._is_disk_low:
            logger.warning(
                "UPLOAD_DIR has %d MiB free, less than twice MIN_FREE_DISK_MB: what ended tasks left is kept "
                "for %.0f s now and less as the disk fills, instead of KEEP_ENDED_SECONDS (%.0f s)",
                free // MEBIBYTE,
                shortened,
                keep,
            )
        elif self._is_disk_low and not is_low:
            logger.info("UPLOAD_DIR has room again: what ended tasks left is kept for %.0f s", keep)
        self._is_disk_low = is_low
        return shortened

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


async def _of_each(task_ids: Iterable[str], look: Callable[[str], Awaitable[T]]) -> list[T]:
    """What `look` gives of the tasks, LOOKS_AT_ONCE at a time, in any order. Raises what it raises first, and
    then begins with no other task."""
    left, found = iter(list(task_ids)), list[T]()

    async def work() -> None:
        for task_id in left:
            found.append(await look(task_id))

    outcomes = await asyncio.gather(*(work() for _ in range(LOOKS_AT_ONCE)), return_exceptions=True)
    for error in outcomes:
        if error is not None:
            raise error
    return found
