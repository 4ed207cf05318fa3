"""Lists of tasks, newest first, page by page."""

from collections.abc import Sequence
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.payload import parse_task
from app.queue.reader import PUBLIC_STATUS
from app.queue.redis_errors import redis_reachable
from app.schemas.position import Position
from app.schemas.task import TaskPage, TaskStatus, TaskSummary

BATCH = 200
SCAN_LIMIT = 5000
"""Tasks that one page looks at in search of a status; the next page goes on."""

FIELDS = ["status", "payload", "created_at", "deleted"]


Entry = tuple[Position, TaskSummary]


class TaskList:
    """Reads the index of all tasks, or of one owner's. Raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)

    async def page(
        self, owner: str | None, *, status: TaskStatus | None, limit: int, cursor: str | None
    ) -> TaskPage:
        """The next `limit` tasks after `cursor`. Raises InvalidParameter where that is none."""
        after = Position.parse(cursor) if cursor else None
        found, following = await self.entries(owner, status=status, limit=limit, after=after)
        tasks = tuple(summary for _, summary in found)
        return TaskPage(tasks=tasks, next_cursor=str(following) if following else None)

    async def entries(
        self, owner: str | None, *, status: TaskStatus | None, limit: int, after: Position | None
    ) -> tuple[list[Entry], Position | None]:
        """The same tasks with their places, and the place down to which that is all; None: there are no
        more."""
        found: list[Entry] = []
        seen, is_last = 0, False
        async with redis_reachable():
            while seen < SCAN_LIMIT and not is_last:
                batch, is_last = await self._batch(owner, after)
                for entry, summary in zip(batch, await self._summaries(owner, batch), strict=True):
                    after, seen = entry, seen + 1
                    if summary is not None and status in (None, summary.status):
                        found.append((entry, summary))
                    if len(found) == limit:
                        return found, after
        return found, None if is_last else after

    async def known(self, task_ids: Sequence[str]) -> set[str]:
        """Those of the tasks that Redis knows, and lists where they are in an index."""
        if not task_ids:
            return set()
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            for task_id in task_ids:
                pipeline.exists(self._keys.task(task_id))
            exist = await pipeline.execute()
        return {task_id for task_id, found in zip(task_ids, exist, strict=True) if found}

    async def _batch(self, owner: str | None, after: Position | None) -> tuple[list[Position], bool]:
        """Entries after one, new to old, and whether they are the last."""
        offset = 0
        while True:
            entries = await self._entries(owner, after, offset)
            is_last = len(entries) < BATCH
            later = [each for each in entries if after is None or after.is_before(each)]
            if later or is_last:
                return later, is_last
            offset += BATCH  # more than a batch came in the very same millisecond

    async def _entries(self, owner: str | None, after: Position | None, offset: int) -> list[Position]:
        entries = await self._client.zrange(
            self._keys.index_of(owner),
            after.at if after else "+inf",
            "-inf",
            desc=True,
            withscores=True,
            byscore=True,
            offset=offset,
            num=BATCH,
        )
        return [Position(at, task_id.decode()) for task_id, at in cast(list[tuple[bytes, float]], entries)]

    async def _summaries(self, owner: str | None, entries: list[Position]) -> list[TaskSummary | None]:
        """What is known of the entries; those of which nothing is known any more leave the index."""
        if not entries:
            return []
        async with self._client.pipeline(transaction=False) as pipeline:
            for entry in entries:
                pipeline.hmget(self._keys.task(entry.task_id), FIELDS)
            answers = await pipeline.execute()
            gone = [entry.task_id for entry, values in zip(entries, answers, strict=True) if not values[0]]
            if gone:
                pipeline.zrem(self._keys.index, *gone)
                pipeline.zrem(self._keys.index_of(owner), *gone)
                await pipeline.execute()
        return [_summary(entry, values) for entry, values in zip(entries, answers, strict=True)]


def _summary(entry: Position, values: list[bytes | None]) -> TaskSummary | None:
    status, payload, created_at, deleted = values
    public = TaskStatus.DONE if status == b"done" else PUBLIC_STATUS.get(status or b"")
    if public is None or deleted:
        return None
    task = parse_task(payload) if payload else None
    return TaskSummary(
        task_id=entry.task_id,
        status=public,
        created_at=float(created_at) / 1000 if created_at else entry.at / 1000,
        filename=task.filename if task else None,
        model=task.model if task else None,
        duration=task.duration if task else None,
    )
