"""The library: titles and tags of archived transcripts, and the search through all of them."""

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from anyio import CapacityLimiter, to_thread

from app.core.errors import ArchiveOff, ArchiveUnavailable, NotFinished
from app.queue.reader import TaskRecord
from app.schemas.archived import ArchivedContent
from app.schemas.caller import Caller
from app.schemas.library import (
    Details,
    DetailsChange,
    Hit,
    LibraryEntry,
    Moment,
    Search,
    SearchPage,
    SearchRequest,
    default_title,
)
from app.schemas.position import Position
from app.schemas.task import TaskStatus, TaskSummary
from app.search.entry import AGAIN_OF
from app.search.moments import moments_of
from app.search.words import label_token
from app.services.archive_service import ArchiveService
from app.services.indexing import readable
from app.services.task_service import TaskService

logger = logging.getLogger(__name__)

AT_A_TIME = 10
"""Transcripts of a page that are in memory together: each may be that of a whole day."""

MOST_VERSIONS = 50
"""Of one recording that are listed, the newest."""

AWAY_SECONDS = 10.0
"""How long an archive that does not answer is asked no more for what is only told besides."""


class LibraryService:
    """The use cases of the library. All raise ArchiveOff, ArchiveUnavailable and QueueUnavailable."""

    def __init__(self, tasks: TaskService, archive: ArchiveService | None) -> None:
        self._tasks = tasks
        self._archive = archive
        self._away_until = 0.0
        self._one = CapacityLimiter(1)  # one interpreter computes one thing at a time

    async def details(self, task_id: str, caller: Caller) -> Details:
        """Title and tags of a task. Raises TaskNotFound."""
        await self._tasks.state(task_id, caller)
        entry = (await self._kept().entries([task_id])).get(task_id)
        if entry is not None:
            return entry.details
        record = await self._tasks.record(task_id)
        task = record.task if record is not None else None
        return Details(title=default_title(task.filename if task is not None else None))

    async def named(self, record: TaskRecord) -> TaskRecord:
        """A task with its title, tags and summary, where the archive has them.

        An archive that is away is left alone for a while, and costs those who poll nothing.
        """
        if self._archive is None or time.monotonic() < self._away_until:
            return record
        try:
            entry, summary = await self._archive.shown(record.state.task_id)
        except ArchiveUnavailable:
            self._away_until = time.monotonic() + AWAY_SECONDS
            return record
        if entry is None:
            return record
        details = entry.details
        named = {"title": details.title, "tags": details.tags or None, "summary": summary}
        return replace(record, state=record.state.model_copy(update=named))

    async def describe(self, task_id: str, caller: Caller, change: DetailsChange) -> Details:
        """Change title and tags; what they are then. Raises TaskNotFound, NotFinished."""
        archive = self._kept()
        state = await self._tasks.state(task_id, caller)
        if state.status is not TaskStatus.DONE:
            raise NotFinished(f"There is no transcript to name yet; the task is {state.status}.")
        await self._tasks.once_archived(task_id, lambda: archive.describe(task_id, change))
        return await self.details(task_id, caller)

    async def search(self, caller: Caller, asked: SearchRequest) -> SearchPage:
        """The caller's transcripts that fit, newest first, and where in them it is said.

        Raises InvalidParameter where the cursor is none.
        """
        archive = self._kept()
        after = Position.parse(asked.cursor) if asked.cursor else None
        found = await archive.search(asked.search, caller.name, after, asked.limit + 1)
        last = found[asked.limit - 1].task if len(found) > asked.limit else None
        following = str(Position(float(last.created_ms), last.task_id)) if last is not None else None
        found = found[: asked.limit]
        ids = [each.task.task_id for each in found]
        deleted = await self._tasks.deleted(ids)
        entries = [each for each in found if each.task.task_id not in deleted]
        return SearchPage(hits=await self._hits(archive, entries, asked.words), next_cursor=following)

    async def _hits(
        self, archive: ArchiveService, entries: Sequence[LibraryEntry], words: Collection[str]
    ) -> tuple[Hit, ...]:
        hits: list[Hit] = []
        for first in range(0, len(entries), AT_A_TIME):
            some = entries[first : first + AT_A_TIME]
            contents = await archive.contents([each.task.task_id for each in some]) if words else {}
            hits += await to_thread.run_sync(_moments, some, contents, words, limiter=self._one)
        return tuple(hits)

    async def versions(self, task_id: str, caller: Caller) -> tuple[TaskSummary, ...]:
        """All archived transcripts of the recording of a task, newest first. Raises TaskNotFound."""
        archive, result = self._kept(), (await self._tasks.state(task_id, caller)).result or {}
        first = result.get("again_of")
        first = first if isinstance(first, str) else task_id
        search = Search(frozenset({label_token(AGAIN_OF, first)}))
        found = await archive.search(search, caller.name, None, MOST_VERSIONS)
        earliest = (await archive.entries([first])).values()
        found += [entry for entry in earliest if caller.may_see(entry.task.owner)]
        deleted = await self._tasks.deleted([entry.task.task_id for entry in found])
        return tuple(_summary(entry) for entry in found if entry.task.task_id not in deleted)

    def _kept(self) -> ArchiveService:
        if self._archive is None:
            raise ArchiveOff("The library is the archive, and this service has none (ARCHIVE=false).")
        return self._archive


def _summary(entry: LibraryEntry) -> TaskSummary:
    task, details = entry.task, entry.details
    return TaskSummary(
        task_id=task.task_id,
        status=TaskStatus.DONE,
        created_at=task.created_ms / 1000,
        filename=task.filename,
        title=details.title,
        tags=details.tags,
        model=task.model,
        duration=task.duration,
    )


def _moments(
    entries: Sequence[LibraryEntry],
    contents: Mapping[str, ArchivedContent],
    words: Collection[str],
) -> list[Hit]:
    return [_hit(entry, contents.get(entry.task.task_id), words) for entry in entries]


def _hit(entry: LibraryEntry, content: ArchivedContent | None, words: Collection[str]) -> Hit:
    task, details = entry.task, entry.details
    return Hit(
        task_id=task.task_id,
        title=details.title,
        tags=details.tags,
        created_at=task.created_ms / 1000,
        filename=task.filename,
        duration=task.duration,
        language=task.language,
        moments=_moments_of(task.task_id, content, words) if content else (),
    )


def _moments_of(task_id: str, content: ArchivedContent, words: Collection[str]) -> tuple[Moment, ...]:
    """None where that fails: one transcript that nobody understands keeps no other from being found."""
    try:
        return moments_of(readable(task_id, content.result, content.corrections), words)
    except Exception:
        logger.exception("Task %s is found, but cannot be read", task_id)
        return ()
