"""Ended tasks: the archive gets what they gave, then what they left in UPLOAD_DIR goes."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TypeVar

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.housekeeping.keeper import Keeper
from app.queue.keys import Keys
from app.queue.outcomes import Stage, Standing
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import Scripts
from app.schemas.task import Task
from app.storage.base import Ended, Storage

logger = logging.getLogger(__name__)

SHORTEST_KEEP_SECONDS = 5.0
"""Kept at least, however full the disk is: what `appendfsync everysec` may lose is younger."""

WAIT_FOR_ARCHIVE_SECONDS = 3600.0
"""How much longer the result of an ended task stays on the disk where no archive takes it. Then Redis alone
has it, from where it is collected as long as RESULT_TTL_SECONDS last: UPLOAD_DIR must not fill up."""

FINISHED_AT_ONCE = 500
"""Ended tasks whose notes are in memory together, and whose files go together."""

ASKED_AT_ONCE = 50
"""Ended tasks of which the archive is asked again just before: another API may have kept them meanwhile."""

LOOKS_AT_ONCE = 8
"""Tasks that are read at a time: a bucket takes a while to answer each."""

MEBIBYTE = 1024 * 1024

T = TypeVar("T")

NoteReader = Callable[[str], Awaitable[Task | None]]
"""The noted task; None where there is no note, or none that can be read."""


class EndedSweep:
    """Removes what ended tasks left once its time is over and the archive has what it is to have of them."""

    def __init__(
        self,
        client: Redis,
        settings: Settings,
        storage: Storage,
        archive: Keeper | None,
        read_note: NoteReader,
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._outbox = storage.outbox
        self._handover = None if archive is None else Handover(archive, storage, read_note)
        self._scripts = Scripts(client, Keys.from_settings(settings), Policy.from_settings(settings))
        self._is_disk_low = False

    async def sweep(self, standings: Mapping[str, Standing], results: Collection[str]) -> int:
        """Archive what has ended, remove what ended long enough ago, of which `results` are kept on the disk;
        how many tasks are removed from UPLOAD_DIR."""
        await self._adopt_answered(standings)
        ended = {name: each for name, each in standings.items() if each.stage is Stage.ENDED}
        missing = await self._handover.keep_new(ended, results) if self._handover is not None else None
        return await self._finish_due(ended, missing, results)

    async def _adopt_answered(self, standings: Mapping[str, Standing]) -> None:
        """The end of what a foreign worker has answered counts from now."""
        for task_id, standing in standings.items():
            if standing.stage is Stage.ANSWERED:
                async with redis_reachable():
                    await self._scripts.adopt(task_id)

    async def _finish_due(
        self, ended: Mapping[str, Standing], missing: Collection[str] | None, results: Collection[str]
    ) -> int:
        """Remove what tasks left in UPLOAD_DIR that ended long enough ago; how many."""
        keep_seconds = await self._keep_seconds()
        due = [name for name, each in ended.items() if each.ended_seconds >= keep_seconds]
        finished = 0

        async def ready(task_id: str) -> Ended | None:
            task, standing = await asyncio.to_thread(self._outbox.read, task_id), ended[task_id]
            is_archived = await self._is_archived(task_id, task, missing, results)
            is_overdue = standing.ended_seconds >= keep_seconds + WAIT_FOR_ARCHIVE_SECONDS
            if not (is_archived or standing.failure is not None or is_overdue or self._is_disk_low):
                return None
            task = task or Task(task_id=task_id, file_path=task_id)  # at least the note goes
            return Ended(task, standing.failure)

        for first in range(0, len(due), FINISHED_AT_ONCE):
            found = await _of_each(due[first : first + FINISHED_AT_ONCE], ready)
            together = [each for each in found if each is not None]
            await asyncio.to_thread(self._storage.finish_all, together)
            finished += len(together)
        return finished

    async def _is_archived(
        self, task_id: str, noted: Task | None, missing: Collection[str] | None, results: Collection[str]
    ) -> bool:
        """Whether what a task left may go; `missing` is what the archive lacks, None where that is not
        known."""
        if self._handover is None or missing is None:
            return not self._settings.archive
        if task_id in missing:
            return await self._handover.keep(task_id, noted, has_result=task_id in results)
        if noted is not None:
            await self._handover.release(task_id)
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


class Handover:
    """Gives the archive what ended tasks gave. One that is away is tried again by the next sweep."""

    def __init__(self, archive: Keeper, storage: Storage, read_note: NoteReader) -> None:
        self._archive = archive
        self._outbox = storage.outbox
        self._read_note = read_note

    async def keep_new(self, ended: Mapping[str, Standing], results: Collection[str]) -> set[str] | None:
        """Keep what has ended now, long before the copy on the disk goes: who asked for a summary waits for
        it. The tasks whose transcripts are missing afterwards; None where the archive cannot be asked."""
        failed = {name for name, each in ended.items() if each.failure is not None}
        try:
            missing = await self._archive.missing(ended)
            new_failures = failed - await self._archive.failed(failed)
        except ArchiveUnavailable:
            return None

        async def keep(task_id: str) -> str | None:
            noted = await self._read_note(task_id)
            is_kept = await self.keep(task_id, noted, has_result=task_id in results)
            return task_id if is_kept else None

        kept = await self._keep_by_batches([*(missing - failed), *new_failures], keep)
        return missing - (kept - failed)

    async def _keep_by_batches(
        self, wanted: list[str], keep: Callable[[str], Awaitable[str | None]]
    ) -> set[str]:
        """Those of the tasks that the archive has afterwards, whoever kept them."""
        kept = set[str]()
        random.shuffle(wanted)  # APIs that do this at the same time begin at different places
        for first in range(0, len(wanted), ASKED_AT_ONCE):
            batch = wanted[first : first + ASKED_AT_ONCE]
            still = set(batch)
            if first:
                try:
                    still = await self._archive.missing(batch)
                except ArchiveUnavailable:
                    break
            kept |= set(batch) - still
            kept.update(each for each in await _of_each(still, keep) if each is not None)
        return kept

    async def keep(self, task_id: str, noted: Task | None, *, has_result: bool) -> bool:
        """Keep what a task gave, by its result on the disk where it has one; False where the archive is
        away."""
        result = await asyncio.to_thread(self._outbox.result, task_id) if has_result else None
        try:
            await self._archive.keep(task_id, noted, result)
        except ArchiveUnavailable:
            return False
        return True

    async def release(self, task_id: str) -> None:
        """Redis needs the result no longer: who kept it may have died before that."""
        await self._archive.shorten(task_id)


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
