"""Ended tasks: the archive gets what they gave, then what they left in UPLOAD_DIR goes."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import TypeVar

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.queue.guard import redis_reachable
from app.queue.keys import Keys
from app.queue.outcomes import Stage, Standing
from app.queue.policy import Policy
from app.queue.scripts import Scripts
from app.schemas.task import Task
from app.services.keeper import Keeper
from app.storage.base import Ended, Storage

logger = logging.getLogger(__name__)

SHORTEST_KEEP_SECONDS = 5.0
"""Kept at least, however full the disk is: what `appendfsync everysec` may lose is younger."""

WAIT_FOR_ARCHIVE_SECONDS = 3600.0
"""How much longer the result of an ended task stays on the disk where no archive takes it. Then Redis alone
has it, from where it is collected as long as RESULT_TTL_SECONDS last: UPLOAD_DIR must not fill up."""

FINISHED_AT_ONCE = 500
"""Ended tasks whose notes are in memory together, and whose files go together."""

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
        self._archive = archive
        self._read_note = read_note
        self._scripts = Scripts(client, Keys.from_settings(settings), Policy.from_settings(settings))
        self._is_disk_low = False

    async def sweep(self, standings: Mapping[str, Standing], results: Collection[str]) -> int:
        """Archive what has ended, remove what ended long enough ago, of which `results` are kept on the disk;
        how many tasks are removed from UPLOAD_DIR."""
        await self._archive_ended(standings, results)
        return await self._finish_ended(standings, results)

    async def _archive_ended(self, standings: Mapping[str, Standing], results: Collection[str]) -> None:
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
                noted = await self._read_note(task_id)
                return await self._is_archived(task_id, noted, has_result=task_id in results)

            await _of_each(new, keep)

    async def _finish_ended(self, standings: Mapping[str, Standing], results: Collection[str]) -> int:
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
