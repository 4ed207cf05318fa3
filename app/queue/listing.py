"""Lists of tasks, newest first, page by page."""

from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.queue.elements import task_of
from app.queue.guard import redis_reachable
from app.queue.keys import Keys
from app.queue.reader import PUBLIC_STATUS
from app.schemas.task import TaskPage, TaskStatus, TaskSummary

BATCH = 200
SCAN_LIMIT = 5000
"""Tasks that one page looks at in search of a status; the next page goes on."""

FIELDS = ["status", "payload", "created_at", "deleted"]


@dataclass(frozen=True, slots=True)
class _Cursor:
    """The last entry of a page: its time in ms and its id, by which Redis orders entries of the same time."""

    at: float
    task_id: str

    @classmethod
    def parse(cls, text: str) -> "_Cursor":
        at, _, task_id = text.partition("~")
        if not at.isdecimal() or not task_id:
            raise InvalidParameter("`cursor` must be the `next_cursor` of a page.", parameter="cursor")
        return cls(float(at), task_id)

    def __str__(self) -> str:
        return f"{self.at:.0f}~{self.task_id}"

    def is_before(self, other: "_Cursor") -> bool:
        """Whether `other` comes later in the list, which runs from new to old."""
        return (other.at, other.task_id) < (self.at, self.task_id)


class TaskList:
    """Reads the index of all tasks, or of one owner's. Raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)

    async def page(
        self, owner: str | None, *, status: TaskStatus | None, limit: int, cursor: str | None
    ) -> TaskPage:
        """The next `limit` tasks after `cursor`. Raises InvalidParameter where that is none."""
        after = _Cursor.parse(cursor) if cursor else None
        found: list[TaskSummary] = []
        seen, is_last = 0, False
        async with redis_reachable():
            while seen < SCAN_LIMIT and not is_last:
                batch, is_last = await self._batch(owner, after)
                for entry, summary in zip(batch, await self._summaries(owner, batch), strict=True):
                    after, seen = entry, seen + 1
                    if summary is not None and status in (None, summary.status):
                        found.append(summary)
                    if len(found) == limit:
                        return TaskPage(tasks=tuple(found), next_cursor=str(after))
        return TaskPage(tasks=tuple(found), next_cursor=None if is_last else str(after))

    async def _batch(self, owner: str | None, after: _Cursor | None) -> tuple[list[_Cursor], bool]:
        """Entries after one, new to old, and whether they are the last."""
        offset = 0
        while True:
            entries = await self._entries(owner, after, offset)
            is_last = len(entries) < BATCH
            later = [each for each in entries if after is None or after.is_before(each)]
            if later or is_last:
                return later, is_last
            offset += BATCH  # more than a batch came in the very same millisecond

    async def _entries(self, owner: str | None, after: _Cursor | None, offset: int) -> list[_Cursor]:
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
        return [_Cursor(at, task_id.decode()) for task_id, at in cast(list[tuple[bytes, float]], entries)]

    async def _summaries(self, owner: str | None, entries: list[_Cursor]) -> list[TaskSummary | None]:
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


def _summary(entry: _Cursor, values: list[bytes | None]) -> TaskSummary | None:
    status, payload, created_at, deleted = values
    public = TaskStatus.DONE if status == b"done" else PUBLIC_STATUS.get(status or b"")
    if public is None or deleted:
        return None
    task = task_of(payload) if payload else None
    return TaskSummary(
        task_id=entry.task_id,
        status=public,
        created_at=float(created_at) / 1000 if created_at else entry.at / 1000,
        filename=task.filename if task else None,
        model=task.model if task else None,
        duration=task.duration if task else None,
    )
