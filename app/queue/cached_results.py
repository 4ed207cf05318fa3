"""Recordings that have been transcribed before."""

from dataclasses import dataclass
from typing import Any, cast

from pydantic_core import from_json, to_json
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.payload import dump_task
from app.queue.policy import Policy
from app.queue.redis_errors import redis_or_not, redis_reachable
from app.queue.scripts import Scripts
from app.schemas.task import Task

FOR_EVER_SECONDS = 10 * 365 * 86_400


@dataclass(frozen=True, slots=True)
class CachedResult:
    """A task whose result may be used again, and that result."""

    task_id: str
    result: dict[str, Any]

    def copied(self, again_of: str | None) -> str:
        """The result as another task has it, in JSON: one that is `again_of` an earlier one, or of none."""
        result = {name: value for name, value in self.result.items() if name != "again_of"}
        result |= {"reused_from": self.task_id} | ({"again_of": again_of} if again_of else {})
        return to_json(result, inf_nan_mode="null").decode()


class CachedResults:
    """Remembers results by what was asked of which content, each owner's apart: nobody learns from them what
    another has sent."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))
        self._result_seconds = settings.result_ttl_seconds

    async def note(self, task: Task) -> None:
        """The task will have the result of its content, once it is done."""
        if task.fingerprint is None:
            return
        async with redis_or_not("A later request will not find this result"):
            name = self._keys.content(task.owner, task.fingerprint)
            await self._client.set(name, task.task_id, ex=self._seconds)

    async def drop(self, task: Task) -> None:
        """Nothing is to be known of that task any more. Raises QueueUnavailable."""
        if task.fingerprint is None:
            return
        names = self._keys.content, self._keys.shared
        async with redis_reachable():
            for name in (each(task.owner, task.fingerprint) for each in names):
                if await self._client.get(name) == task.task_id.encode():
                    await self._client.delete(name)

    async def source(self, task: Task) -> CachedResult | None:
        """An earlier task of the same content whose result may be used again; None where there is none.

        Raises QueueUnavailable.
        """
        if task.fingerprint is None:
            return None
        async with redis_reachable():
            return await self._source(task.owner, task.fingerprint)

    async def reuse(self, task: Task, result: str) -> None:
        """Make `task` done with that result. Raises QueueUnavailable."""
        async with redis_reachable():
            await self._scripts.restore(task.task_id, dump_task(task), result.encode(), owner=task.owner)

    async def _source(self, owner: str | None, fingerprint: str) -> CachedResult | None:
        task_id = cast(bytes | None, await self._client.get(self._keys.content(owner, fingerprint)))
        if task_id is None:
            return None
        stored = cast(bytes | None, await self._client.get(self._keys.result(task_id.decode())))
        try:
            result = from_json(stored) if stored else None
        except ValueError:
            return None
        if not isinstance(result, dict) or not isinstance(result.get("text"), str):
            return None
        return CachedResult(task_id.decode(), result)

    @property
    def _seconds(self) -> int:
        return self._result_seconds or FOR_EVER_SECONDS
