"""What Redis holds of tasks that have ended, for whoever keeps it for longer."""

from dataclasses import dataclass

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.payload import parse_task
from app.queue.policy import Policy
from app.queue.progress import PROGRESS_FIELDS
from app.queue.redis_errors import redis_reachable
from app.queue.scan import scan_names
from app.queue.scripts import Scripts
from app.schemas.task import Task

FIELDS = ["payload", "created_at", "finished_at", "attempts"]

SCAN_LIMIT_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A task and its result, of one moment; `created_ms` is its place in lists, `attempts` how often it was
    begun. None is what is not known."""

    task_id: str
    task: Task | None
    created_ms: int | None
    result: bytes | None
    finished_ms: int | None = None
    attempts: int = 0


class EndedTasks:
    """Reads results and whose they are. Raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))

    async def read(self, task_id: str) -> EndedTask:
        """What is known of a task."""
        async with redis_reachable():
            [(fields, _, result, _)] = await self._scripts.read([task_id], FIELDS, PROGRESS_FIELDS)
        payload, created_at, finished_at, attempts = fields
        return EndedTask(
            task_id=task_id,
            task=parse_task(payload) if payload else None,
            created_ms=int(float(created_at)) if created_at else None,
            result=result,
            finished_ms=int(float(finished_at)) if finished_at else None,
            attempts=int(attempts or 0),
        )

    async def shorten(self, task_id: str, seconds: int) -> None:
        """Have Redis keep a result for so many seconds more at most: it is kept elsewhere."""
        name = self._keys.result(task_id)
        async with redis_reachable():
            left = await self._client.ttl(name)
            if left > seconds or left == -1:  # -1: for ever; -2: it is gone
                await self._client.expire(name, seconds)

    async def ids(self) -> set[str]:
        """Ids of all tasks that have a result."""
        async with redis_reachable(SCAN_LIMIT_SECONDS):
            return {task_id async for task_id in scan_names(self._client, self._keys.result_prefix)}
