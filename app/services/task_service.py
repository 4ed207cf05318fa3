"""What clients ask about tasks: how far one is, what it gave, which there are; and that one be removed."""

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from anyio import to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import (
    ArchiveOff,
    ArchiveUnavailable,
    CannotRetry,
    NotArchived,
    RecordingGone,
    TaskNotFound,
)
from app.core.recording_path import RecordingPath
from app.core.stopping import Stopping
from app.core.wording import span
from app.housekeeping.outbox_sweep import StorageLookup
from app.queue.admin import Admin
from app.queue.cached_results import CachedResults
from app.queue.eta import EtaEstimator
from app.queue.outcomes import ReviveOutcome
from app.queue.reader import TaskReader, TaskRecord
from app.queue.redis_errors import redis_or_not
from app.queue.webhooks import Webhooks
from app.schemas.caller import Caller
from app.schemas.event import EventKind, TaskEvent, WindowText
from app.schemas.failure import FailurePage
from app.schemas.position import Position
from app.schemas.task import ENDED, TASK_ID_PATTERN, Task, TaskPage, TaskState, TaskStatus
from app.schemas.window import WindowTranscript
from app.services.archive_service import ArchiveService
from app.services.task_pages import TaskPages
from app.storage.base import Storage

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
"""Time between two looks at a task that somebody waits for."""

_TASK_ID = re.compile(TASK_ID_PATTERN)


class TaskService:
    """The use cases of a task once it is accepted. All raise TaskNotFound, also of another's task.

    Nobody is kept waiting by a service that is `stopping`. What Redis does not know is looked for in the
    `archive`: where there is one that is away, that raises ArchiveUnavailable.
    """

    def __init__(
        self,
        client: Redis,
        settings: Settings,
        storage: Storage,
        eta: EtaEstimator,
        stopping: Stopping,
        archive: ArchiveService | None = None,
    ) -> None:
        self._stopping = stopping
        self._archive = archive
        self._kept_seconds = _kept_seconds(settings)
        self._storage = storage
        self._outbox = StorageLookup(storage)
        self._reader = TaskReader(client, settings, self._outbox)
        self._eta = eta
        self._pages = TaskPages(client, settings, archive)
        self._admin = Admin(client, settings)
        self._cached_results = CachedResults(client, settings)
        self._webhooks = Webhooks(client, settings)

    async def state(self, task_id: str, caller: Caller) -> TaskState:
        """What is known about a task. Raises QueueUnavailable."""
        return (await self._placed(task_id, caller)).state

    async def wait(self, task_id: str, caller: Caller, seconds: float) -> TaskState:
        """The same once the task has ended, or after so many seconds at most. Raises QueueUnavailable."""
        return (await self.waited(task_id, caller, seconds)).state

    async def waited(self, task_id: str, caller: Caller, seconds: float = 0) -> TaskRecord:
        """The same with the task itself, as far as that is known. Raises QueueUnavailable."""
        deadline = time.monotonic() + seconds
        while (record := await self._placed(task_id, caller)).state.status not in ENDED:
            left = deadline - time.monotonic()
            if left <= 0 or self._stopping:
                break
            await asyncio.sleep(min(POLL_SECONDS, left))
        return record

    async def _placed(self, task_id: str, caller: Caller) -> TaskRecord:
        """A task that waits is told with its place in the queue."""
        record = await self._record(task_id, caller)
        if record.state.status is not TaskStatus.QUEUED:
            return record
        place = await self._eta.position(task_id)
        if place is None:
            return record
        told = {"position": place.position, "eta_seconds": place.eta_seconds}
        return replace(record, state=record.state.model_copy(update=told))

    async def follow(self, task_id: str, caller: Caller, windows: int = 0) -> AsyncIterator[TaskEvent]:
        """What happens to a task until it or this service ends; of so many windows was told before.

        Raises QueueUnavailable.
        """
        told: TaskState | None = None
        while told is None or not (told.status in ENDED or self._stopping):
            if told is not None:
                await asyncio.sleep(POLL_SECONDS)
            state = await self.state(task_id, caller)
            if state == told:
                continue
            if state.status not in ENDED:
                for window in await self._reader.windows(task_id, windows):
                    windows = window.number + 1
                    yield TaskEvent(kind=EventKind.WINDOW, windows=windows, window=_text_of(window))
            yield TaskEvent(kind=_kind_of(state, told), windows=windows, state=state)
            told = state

    async def page(
        self, caller: Caller, *, status: TaskStatus | None, limit: int, cursor: str | None
    ) -> TaskPage:
        """The caller's tasks, newest first. Raises QueueUnavailable, InvalidParameter."""
        page = await self._pages.page(caller.name, status=status, limit=limit, cursor=cursor)
        deleted = await self.deleted([each.task_id for each in page.tasks])
        kept = tuple(each for each in page.tasks if each.task_id not in deleted)
        return page.model_copy(update={"tasks": kept})

    async def failures(
        self, caller: Caller, text: str | None, code: str | None, limit: int, cursor: str | None
    ) -> FailurePage:
        """The caller's archived failures, newest first. Raises ArchiveOff, ArchiveUnavailable,
        InvalidParameter."""
        if self._archive is None:
            raise ArchiveOff("Failures are kept in the archive, and this service has none (ARCHIVE=false).")
        after = Position.parse(cursor) if cursor else None
        found = await self._archive.failures(caller.name, after, limit + 1, code, text)
        last = found[limit - 1] if len(found) > limit else None
        following = Position(float(last.created_ms), last.task_id) if last is not None else None
        deleted = await self.deleted([each.task_id for each in found[:limit]])
        kept = tuple(each for each in found[:limit] if each.task_id not in deleted)
        return FailurePage(failures=kept, next_cursor=str(following) if following else None)

    async def deleted(self, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that were deleted: Redis or the archive may not have been told yet."""
        return await self._outbox.deleted(task_ids)

    async def delete(self, task_id: str, caller: Caller) -> None:
        """Remove a task, whatever its state: recording, windows, result.

        Raises QueueUnavailable, StorageFull, StorageUnavailable. Once the tombstone is written the task stays
        deleted, also where Redis cannot be told now or forgets it again.
        """
        await self._remove(task_id, await self._record(task_id, caller))

    async def delete_unfinished(self, task_id: str) -> bool:
        """Remove a task that has not ended, whoever's; False where there is none. Raises as `delete` does."""
        record = await self._reader.record(task_id)
        if record is None or record.state.status in ENDED:
            return False
        await self._remove(task_id, record)
        return True

    async def _remove(self, task_id: str, record: TaskRecord) -> None:
        task = record.task or Task(task_id=task_id, file_path=task_id)
        await to_thread.run_sync(self._storage.discard, task)
        async with redis_or_not(f"Task {task_id} is deleted in Redis later", logging.WARNING):
            await self._reader.delete(task_id, task.owner)
            await self._cached_results.drop(task)
        await self._remove_from_archive(task_id)
        logger.info("Task %s is deleted", task_id, extra={"task_id": task_id})

    async def _remove_from_archive(self, task_id: str) -> None:
        """The tombstone hides it, and stays until the archive knows that it is deleted."""
        if self._archive is None:
            return
        try:
            await self._archive.remove(task_id)
        except ArchiveUnavailable as error:
            logger.warning("Task %s is deleted in the archive later: %s", task_id, error)

    async def archive_now(self, task_id: str) -> None:
        """Have the archive hold a finished task: what is done to it is kept there. Raises ArchiveUnavailable,
        QueueUnavailable."""
        if self._archive is not None:
            noted = await self._outbox.noted(task_id)
            kept = await to_thread.run_sync(self._storage.outbox.result, task_id)
            await self._archive.keep(task_id, noted, kept)

    async def once_archived(self, task_id: str, change: Callable[[], Awaitable[bool]]) -> None:
        """Do `change`, which answers whether the archive has the task, to an ended one, archived if need be.

        Raises TaskNotFound where it was deleted meanwhile, NotArchived where the archive does not take it.
        """
        if not await change():
            await self.archive_now(task_id)
            if not await change():
                raise await self.refusal(task_id)

    async def refusal(self, task_id: str) -> TaskNotFound | NotArchived:
        """Why the archive lacks the transcript of a task that was there a moment ago. Raises
        QueueUnavailable."""
        if await self.record(task_id) is None:
            return TaskNotFound("The task was deleted meanwhile.")
        return NotArchived(
            "The archive does not take this transcript: it is older than ARCHIVE_MAX_DAYS, or had to leave "
            "for ARCHIVE_MAX_MB. It is there until Redis forgets it (RESULT_TTL_SECONDS)."
        )

    async def recording(self, task_id: str, caller: Caller) -> RecordingPath:
        """The recording of a task, as it was sent. Raises RecordingGone, QueueUnavailable,
        StorageUnavailable."""
        task = (await self._record(task_id, caller)).task
        path = await to_thread.run_sync(self._storage.kept_recording, task) if task else None
        if path is None:
            raise RecordingGone(
                "The recording is not kept: it was removed after its task had ended; KEEP_AUDIO keeps it."
            )
        return path

    async def link(self, path: RecordingPath) -> str | None:
        """An address by which the caller may have it from the bucket; None where there is none."""
        link = await to_thread.run_sync(self._storage.link_to, path)
        return link.url if link else None

    async def retry(self, task_id: str, caller: Caller) -> None:
        """Queue a failed task anew. Raises CannotRetry, QueueUnavailable."""
        record = await self._record(task_id, caller)
        if record.task is None or record.state.status is not TaskStatus.ERROR:
            raise CannotRetry(f"The task cannot be queued anew: it is {record.state.status}.")
        path = await to_thread.run_sync(self._storage.recording_of, record.task)
        if record.task.url is None and path is None:
            raise CannotRetry("The recording is no longer here; send it again.")
        await to_thread.run_sync(self._storage.outbox.save, record.task)
        await self._webhooks.expect(record.task)
        outcome = await self._admin.requeue(task_id)
        if outcome is not ReviveOutcome.REVIVED:
            raise CannotRetry("The task cannot be queued anew: somebody was faster.")

    async def _record(self, task_id: str, caller: Caller) -> TaskRecord:
        record = await self.record(task_id) if _TASK_ID.fullmatch(task_id) else None
        if record is None or not caller.may_see(record.task.owner if record.task else None):
            raise self._not_found()
        return _named(record)

    async def record(self, task_id: str) -> TaskRecord | None:
        """What is known of a task, whoever's, by Redis or the archive. Raises QueueUnavailable."""
        record = await self._reader.record(task_id)
        if record is not None or self._archive is None or await self._outbox.deleted([task_id]):
            return record
        return await self._archive.record(task_id)

    def _not_found(self) -> TaskNotFound:
        kept = f"; results are kept for {span(self._kept_seconds)} after a task has ended"
        return TaskNotFound(f"No task has this id{kept if self._kept_seconds else ''}.")


def _kept_seconds(settings: Settings) -> int:
    """How long a result is to be had after its task has ended; 0 = until it is deleted."""
    if not settings.archive or not settings.result_ttl_seconds:
        return settings.result_ttl_seconds
    days = settings.archive_max_days
    return max(settings.result_ttl_seconds, int(days * 86_400)) if days else 0


def _named(record: TaskRecord) -> TaskRecord:
    """A task with the name of its file."""
    if record.task is None or record.task.filename is None:
        return record
    return replace(record, state=record.state.model_copy(update={"filename": record.task.filename}))


def _text_of(window: WindowTranscript) -> WindowText:
    return WindowText(
        number=window.number,
        start=window.start,
        end=window.end,
        text=window.text,
        channel=window.channel,
    )


def _kind_of(state: TaskState, told: TaskState | None) -> EventKind:
    if state.status in ENDED:
        return EventKind(state.status)
    return EventKind.PROGRESS if told and told.status is state.status else EventKind.STATUS
