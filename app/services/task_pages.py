"""One list of what Redis knows and what the archive keeps, newest first."""

import contextlib
import logging
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.queue.listing import Entry, TaskList
from app.schemas.archived import ArchivedTask
from app.schemas.failure import ArchivedFailure
from app.schemas.library import Details, LibraryEntry, default_title
from app.schemas.position import Position
from app.schemas.task import TaskPage, TaskStatus, TaskSummary
from app.services.archive_service import ArchiveService

logger = logging.getLogger(__name__)

BATCH = 200
SCAN_LIMIT = 5000
"""Archived tasks that one page looks at, of which Redis may list all; the next page goes on."""

Part = tuple[list[Entry], Position | None]
"""Tasks of one source, and the place down to which these are all; None: to the end."""


class TaskPages:
    """Merges both lists: a task that is in both is told by Redis, which knows more of it.

    While the archive is away, what Redis knows is listed alone. Raises QueueUnavailable.
    """

    def __init__(self, client: Redis, settings: Settings, archive: ArchiveService | None) -> None:
        self._live = TaskList(client, settings)
        self._archive = archive
        self._backoff = Backoff(logger, "Listing archived tasks", quiet_seconds=QUIET_SECONDS)

    async def page(
        self, owner: str | None, *, status: TaskStatus | None, limit: int, cursor: str | None
    ) -> TaskPage:
        """The next `limit` tasks after `cursor`. Raises InvalidParameter where that is none."""
        after = Position.parse(cursor) if cursor else None
        live, live_end = await self._live.entries(owner, status=status, limit=limit, after=after)
        kept, kept_end = await self._kept(owner, status, limit, after, live_end)
        ends = [end for end in (live_end, kept_end) if end is not None]
        end = max(ends, key=lambda each: each.key) if ends else None
        entries = _merged(live, kept, end)
        if len(entries) > limit:
            entries, end = entries[:limit], entries[limit - 1][0]
        tasks = await self._named([summary for _, summary in entries])
        return TaskPage(tasks=tasks, next_cursor=str(end) if end else None)

    async def _named(self, tasks: list[TaskSummary]) -> tuple[TaskSummary, ...]:
        """With what the archive knows of titles and tags."""
        entries: dict[str, LibraryEntry] = {}
        if self._archive is not None:
            ids = [task.task_id for task in tasks if task.status is TaskStatus.DONE]
            with contextlib.suppress(ArchiveUnavailable):  # `_kept` has told it
                entries = await self._archive.entries(ids)
        return tuple(_with_details(task, entries.get(task.task_id)) for task in tasks)

    async def _kept(
        self,
        owner: str | None,
        status: TaskStatus | None,
        limit: int,
        after: Position | None,
        until: Position | None,
    ) -> Part:
        """What only the archive has, as far as `until`, beyond which the page does not go."""
        if self._archive is None:
            return [], None
        try:
            done: Part = ([], None)
            failed: Part = ([], None)
            if status in (None, TaskStatus.DONE):
                done = await self._search(self._done, owner, limit, after, until)
            if status in (None, TaskStatus.ERROR):
                failed = await self._search(self._failed, owner, limit, after, until)
        except ArchiveUnavailable as error:
            self._backoff.failed(error)
            return [], None
        self._backoff.succeeded()
        ends = [end for _, end in (done, failed) if end is not None]
        return done[0] + failed[0], max(ends, key=lambda each: each.key) if ends else None

    async def _done(self, owner: str | None, after: Position | None) -> list[Entry]:
        assert self._archive is not None
        return [_entry(task) for task in await self._archive.page(owner, after, BATCH)]

    async def _failed(self, owner: str | None, after: Position | None) -> list[Entry]:
        assert self._archive is not None
        return [_failure(each) for each in await self._archive.failures(owner, after, BATCH)]

    async def _search(
        self,
        next_batch: Callable[[str | None, Position | None], Awaitable[list[Entry]]],
        owner: str | None,
        limit: int,
        after: Position | None,
        until: Position | None,
    ) -> Part:
        found: list[Entry] = []
        for _ in range(SCAN_LIMIT // BATCH):
            batch = await next_batch(owner, after)
            known = await self._live.known([summary.task_id for _, summary in batch])
            found += [entry for entry in batch if entry[1].task_id not in known]
            if len(batch) < BATCH:
                return found, None
            after = batch[-1][0]
            if len(found) >= limit or (until is not None and until.is_before(after)):
                break
        return found, after


def _with_details(task: TaskSummary, entry: LibraryEntry | None) -> TaskSummary:
    details = entry.details if entry is not None else Details(title=default_title(task.filename))
    return task.model_copy(update={"title": details.title, "tags": details.tags})


def _merged(live: list[Entry], kept: list[Entry], end: Position | None) -> list[Entry]:
    """Newest first, as far as both are complete, each task once: one may have left Redis in between."""
    ids = {summary.task_id for _, summary in live}
    entries = live + [entry for entry in kept if entry[1].task_id not in ids]
    entries.sort(key=lambda entry: entry[0].key, reverse=True)
    return [entry for entry in entries if end is None or not end.is_before(entry[0])]


def _entry(task: ArchivedTask) -> Entry:
    summary = TaskSummary(
        task_id=task.task_id,
        status=TaskStatus.DONE,
        created_at=task.created_ms / 1000,
        filename=task.filename,
        model=task.model,
        duration=task.duration,
    )
    return Position(float(task.created_ms), task.task_id), summary


def _failure(failure: ArchivedFailure) -> Entry:
    summary = TaskSummary(
        task_id=failure.task_id,
        status=TaskStatus.ERROR,
        created_at=failure.created_at,
        filename=failure.filename,
        model=failure.model,
        duration=failure.duration,
    )
    return Position(float(failure.created_ms), failure.task_id), summary
