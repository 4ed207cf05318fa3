"""Requests that come again, and recordings that have been transcribed before."""

import logging
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import from_json, to_json
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.elements import payload_of
from app.queue.guard import redis_or_not, redis_reachable
from app.queue.keys import Keys
from app.queue.policy import Policy
from app.queue.scripts import Scripts
from app.schemas.task import Task

FOR_EVER_SECONDS = 10 * 365 * 86_400


class Earlier(BaseModel):
    """A request that came before: what it was, and the task that it became."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    task_id: str


@dataclass(frozen=True, slots=True)
class Source:
    """A task whose result may be used again, and that result."""

    task_id: str
    result: dict[str, Any]

    def copied(self) -> str:
        """The result as another task has it, in JSON."""
        return to_json(self.result | {"reused_from": self.task_id}, inf_nan_mode="null").decode()


class Repeats:
    """Remembers requests by their Idempotency-Key, and results by what was asked of which content.

    Both are of one owner: nobody learns from them what another has sent.
    """

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))
        self._key_seconds = settings.idempotency_seconds
        self._result_seconds = settings.result_ttl_seconds

    async def remember(self, owner: str | None, key: str, fingerprint: str, task_id: str) -> Earlier | None:
        """The request that had this key before; where none had, it has it from now on.

        Raises QueueUnavailable.
        """
        name = self._request(owner, key)
        mine = Earlier(fingerprint=fingerprint, task_id=task_id).model_dump_json()
        async with redis_reachable():
            while not await self._client.set(name, mine, nx=True, ex=self._key_seconds):
                stored = cast(bytes | None, await self._client.get(name))
                earlier = _earlier(stored)
                if earlier is None:  # it has expired since, or is not ours
                    await self._client.delete(name)
                elif earlier.task_id == task_id:  # our own, whose reply was lost
                    return None
                else:
                    return earlier
        return None

    async def forget(self, owner: str | None, key: str) -> None:
        """The request did not become a task: it may come again with the same key."""
        async with redis_or_not("An Idempotency-Key stays taken", logging.WARNING):
            await self._client.delete(self._request(owner, key))

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
        name = self._keys.content(task.owner, task.fingerprint)
        async with redis_reachable():
            if await self._client.get(name) == task.task_id.encode():
                await self._client.delete(name)

    async def source(self, task: Task) -> Source | None:
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
            await self._scripts.restore(task.task_id, payload_of(task), result.encode(), owner=task.owner)

    async def _source(self, owner: str | None, fingerprint: str) -> Source | None:
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
        return Source(task_id.decode(), result)

    def _request(self, owner: str | None, key: str) -> str:
        return self._keys.request(owner, sha256(key.encode()).hexdigest())

    @property
    def _seconds(self) -> int:
        return self._result_seconds or FOR_EVER_SECONDS


def _earlier(stored: bytes | None) -> Earlier | None:
    try:
        return Earlier.model_validate_json(stored) if stored else None
    except ValidationError:
        return None
