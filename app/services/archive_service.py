"""Finished tasks on their way into the archive, and back to those who ask."""

import logging
import re
from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from redis.asyncio import Redis

from app.archive.archive import Archive
from app.archive.database import CONNECTIONS
from app.archive.summaries import Summaries
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.queue.counters import Counters
from app.queue.ended import EndedTask, EndedTasks
from app.queue.keys import Keys
from app.queue.reader import TaskRecord
from app.queue.redis_errors import redis_reachable
from app.queue.results import state_of_result
from app.queue.turns import is_turn
from app.queue.usage import SETTLE_SECONDS
from app.schemas.archived import ArchivedContent, ArchivedResult, ArchivedTask, ArchiveFigures
from app.schemas.corrections import Corrections, StoredCorrections
from app.schemas.failure import ArchivedFailure
from app.schemas.library import DetailsChange, LibraryEntry, Search
from app.schemas.position import Position
from app.schemas.share import Share
from app.schemas.task import (
    TASK_ID_PATTERN,
    Summary,
    Task,
    TaskStatus,
)
from app.services.archived_tasks import archived_failure, archived_task, failure_record, transcript_record
from app.storage.base import Storage

logger = logging.getLogger(__name__)

COLLECT_SECONDS = 600.0
"""Pause between two looks through all results in Redis; a foreign program's result may be nowhere else."""

MOST_AT_ONCE = 500
"""Results that one look archives; the next goes on: the rest of the housekeeping waits meanwhile."""

INDEXED_AT_ONCE = 200
"""Transcripts that one look indexes, for the same reason: each takes longer, some 20 ms."""

_TASK_ID = re.compile(TASK_ID_PATTERN)

P = ParamSpec("P")
T = TypeVar("T")


class ArchiveService:
    """The archive off the event loop. Every method raises ArchiveUnavailable, and where it asks Redis
    QueueUnavailable.

    Failures are kept, too, so that people find out why something is missing; once Redis has forgotten the
    task nobody can try it again.
    """

    def __init__(self, client: Redis, settings: Settings, storage: Storage, archive: Archive) -> None:
        self._client = client
        self._archive = archive
        self._outbox = storage.outbox
        self._collected = Keys.from_settings(settings).collected
        self._ended = EndedTasks(client, settings)
        self._counters = Counters(client, settings)
        self._threads = CapacityLimiter(CONNECTIONS)
        self._is_warned = False
        self._summarises = bool(settings.summary_url)
        self._live_seconds = _live_seconds(settings)

    @property
    def summaries(self) -> Summaries:
        """The summaries in it, for `run`."""
        return self._archive.summaries

    async def prepare(self) -> None:
        """Bring the tables up to date, if that is possible now; else it is tried at each use."""
        try:
            await self.run(self._archive.prepare)
        except ArchiveUnavailable:
            logger.exception(
                "The archive cannot be opened: finished transcripts wait in UPLOAD_DIR and Redis"
            )

    async def record(self, task_id: str) -> TaskRecord | None:
        """What the archive knows of a task."""
        return await self.run(self._record, task_id)

    async def corrections(self, task_id: str) -> StoredCorrections | None:
        """What people corrected, version 0 where nothing; None where the archive has no such task."""
        found = await self.run(self._archive.corrections, task_id)
        if found is None:
            return None
        version, content = found
        corrections = Corrections.model_validate_json(content) if content else Corrections()
        return StoredCorrections(version=version, corrections=corrections)

    async def correct(self, task_id: str, corrections: Corrections, version: int) -> int | None:
        """Put corrections in the place of that version; their version, None where another is there."""
        content = corrections.model_dump_json(exclude_defaults=True).encode()
        saved = await self.run(self._archive.correct, task_id, content, version)
        return version + 1 if saved else None

    async def add_share(self, task_id: str, share: Share, token_hash: str) -> bool:
        """Keep a new link; False where the archive has no such transcript."""
        return await self.run(self._archive.shares.add, task_id, share, token_hash)

    async def shares(self, task_id: str) -> list[Share]:
        """The valid links of a transcript, the newest first."""
        return await self.run(self._archive.shares.of, task_id)

    async def revoke_share(self, task_id: str, share_id: str) -> bool:
        """End a link; False where there is no such valid one."""
        return await self.run(self._archive.shares.revoke, task_id, share_id)

    async def shared(self, token_hash: str) -> tuple[str, Share] | None:
        """The task that a valid link leads to, and the link."""
        return await self.run(self._archive.shares.find, token_hash)

    async def page(self, owner: str | None, after: Position | None, limit: int) -> list[ArchivedTask]:
        """The next tasks of that owner, or of all, newest first."""
        return await self.run(self._archive.page, owner, after, limit)

    async def entries(self, task_ids: Collection[str]) -> dict[str, LibraryEntry]:
        """What those of the tasks are called that are in the archive, by their ids."""
        return await self.run(self._archive.library.entries, task_ids)

    async def shown(self, task_id: str) -> tuple[LibraryEntry | None, Summary | None]:
        """What a task is called, and its summary; None is what the archive has not."""
        return await self.run(self._shown, task_id)

    async def missing(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks that are not there, and were not removed from there."""
        return await self.run(self._archive.missing, task_ids)

    async def describe(self, task_id: str, change: DetailsChange) -> bool:
        """Change title and tags; False where the archive has no such task."""
        return await self.run(self._archive.library.describe, task_id, change)

    async def search(
        self, wanted: Search, owner: str | None, after: Position | None, limit: int
    ) -> list[LibraryEntry]:
        """The next transcripts that fit, of that owner or of all, newest first."""
        return await self.run(self._archive.library.search, wanted, owner, after, limit)

    async def contents(self, task_ids: Collection[str]) -> dict[str, ArchivedContent]:
        """Results and corrections of those of the tasks that are in the archive, as they are stored."""
        return await self.run(self._archive.contents, task_ids)

    async def of_fingerprint(self, owner: str | None, fingerprint: str) -> ArchivedResult | None:
        """The last result of an owner's recording of which the same was asked."""
        return await self.run(self._archive.of_fingerprint, owner, fingerprint)

    async def failed(self, task_ids: Collection[str]) -> set[str]:
        """Those of the tasks whose failures are there."""
        return await self.run(self._archive.failures.known, task_ids)

    async def failures(
        self,
        owner: str | None,
        after: Position | None,
        limit: int,
        code: str | None = None,
        text: str | None = None,
    ) -> list[ArchivedFailure]:
        """The next failures of that owner, or of all, newest first, with that code and text."""
        return await self.run(self._archive.failures.page, owner, after, limit, code=code, text=text)

    async def remove(self, task_id: str) -> None:
        """Remove a task, and keep it out."""
        await self.run(self._archive.remove, task_id)

    async def figures(self) -> ArchiveFigures:
        """How much there is."""
        return await self.run(self._archive.figures)

    async def keep(self, task_id: str, noted: Task | None, result: str | None) -> bool:
        """Keep what an ended task gave, by its note and kept result or, without these, by what Redis has.

        False where there is nothing to keep, or where it has been kept before: `missing` tells that of many
        with less work. Redis then needs the result of a noted task no longer: who sent it asks an API. Who
        put one into the list himself reads Redis.
        """
        is_new = await self._keep_ended(task_id, noted, result)
        if is_new:
            await self._counters.add(tasks_archived=1)
        if noted is not None and (is_new or not await self.missing([task_id])):
            await self.shorten(task_id)
        return is_new

    async def shorten(self, task_id: str) -> None:
        """Have Redis keep the result of a noted task for ARCHIVED_RESULT_SECONDS more at most: it is here."""
        if self._live_seconds:
            await self._ended.shorten(task_id, self._live_seconds)

    async def tidy_when_due(self) -> None:
        """Collect, trim and index every COLLECT_SECONDS, by whichever API comes first."""
        if not await is_turn(self._client, self._collected, COLLECT_SECONDS):
            return
        is_all = await self.collect() < MOST_AT_ONCE
        await self.trim()
        if not (await self.index() < INDEXED_AT_ONCE and is_all):
            async with redis_reachable():
                await self._client.delete(self._collected)

    async def collect(self) -> int:
        """Keep the results that Redis alone holds, whoever wrote them, MOST_AT_ONCE at most; how many.

        What has a note is left to the sweep of the outbox: the result on the disk counts more.
        """
        collected = 0
        valid = [task_id for task_id in await self._ended.ids() if _TASK_ID.fullmatch(task_id)]
        missing = await self.run(self._archive.missing, valid)
        failed = await self.failed(missing)
        missing -= {task_id for task_id in failed if not await self._is_done(task_id)}
        missing -= await to_thread.run_sync(self._outbox.deleted, missing)
        for task_id in missing:
            if collected < MOST_AT_ONCE and not await to_thread.run_sync(self._outbox.holds, task_id):
                collected += await self.keep(task_id, None, None)
        if collected:
            logger.info("%d result(s) that only Redis had are archived", collected)
        return collected

    async def trim(self) -> int:
        """Remove what the settings let stay no longer, and warn before that; how many transcripts."""
        removed = await self.run(self._archive.trim)
        if removed:
            logger.warning(
                "%d transcript(s) have left the archive: ARCHIVE_MAX_DAYS or ARCHIVE_MAX_MB",
                removed,
            )
        figures = await self.run(self._archive.figures)
        if figures.is_nearly_full and not self._is_warned:
            logger.warning(
                "The archive holds %d of %d bytes (ARCHIVE_MAX_MB); when it is full, the oldest go",
                figures.used_bytes,
                figures.limit_bytes,
            )
        self._is_warned = figures.is_nearly_full
        return removed

    async def index(self) -> int:
        """Index transcripts of an older version or of a copy that was brought back; how many, INDEXED_AT_ONCE
        at most."""
        indexed = await self.run(self._archive.library.index_stale, INDEXED_AT_ONCE)
        if indexed:
            logger.info("%d archived transcript(s) are indexed; search finds them now", indexed)
        return indexed

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What a call of the archive returns or raises, off the event loop."""
        return await to_thread.run_sync(lambda: call(*args, **kwargs), limiter=self._threads)

    async def _is_done(self, task_id: str) -> bool:
        """Whether there is a transcript of a task that has failed before: an operator had it tried again."""
        stored = (await self._ended.read(task_id)).result
        return stored is not None and state_of_result(task_id, stored).status is TaskStatus.DONE

    async def _keep_ended(self, task_id: str, noted: Task | None, result: str | None) -> bool:
        ended = await self._ended.read(task_id)
        stored = result.encode() if result is not None else ended.result
        return await self.run(self._keep, ended, ended.task or noted, stored)

    def _shown(self, task_id: str) -> tuple[LibraryEntry | None, Summary | None]:
        entry = self._archive.library.entries([task_id]).get(task_id)
        return entry, self._archive.summaries.read(task_id) if entry is not None else None

    def _keep(self, ended: EndedTask, task: Task | None, stored: bytes | None) -> bool:
        state = state_of_result(ended.task_id, stored) if stored is not None else None
        if stored is None or state is None:
            return False
        if state.status is not TaskStatus.DONE:
            return self._archive.failures.keep(archived_failure(ended, task, state))
        archived = archived_task(ended, task, state)
        if self._archive.is_too_old(archived):
            return False
        return self._archive.keep(
            archived,
            stored,
            is_summarised=self._summarises and task is not None and task.summary,
            fingerprint=task.fingerprint if task is not None else None,
        )

    def _record(self, task_id: str) -> TaskRecord | None:
        found = self._archive.read(task_id)
        if found is None:
            failure = self._archive.failures.read(task_id)
            return failure_record(failure) if failure is not None else None
        return transcript_record(found)


def _live_seconds(settings: Settings) -> int:
    """How long Redis keeps what the archive has: not shorter than the disk makes up for what Redis loses, and
    than somebody counts its length for a quota. 0: as long as all the rest."""
    if not settings.archived_result_seconds:
        return 0
    least = max(settings.keep_ended_seconds, SETTLE_SECONDS)
    return max(settings.archived_result_seconds, int(2 * least))
