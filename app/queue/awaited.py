"""Tasks whose callers wait for them, and equal requests that take them over.

A proxy that closes a connection after a minute, and a client that sends its recording again, must not have it
transcribed twice. So a task that only a waiting caller knows of outlives its caller by ORPHAN_SECONDS, and
whoever sends the same recording with the same options in that time goes on waiting for it.
"""

from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import registered

ORPHANS_AT_ONCE = 100


class AwaitedTasks:
    """Remembers who is waited for; all methods raise QueueUnavailable.

    A `fingerprint` names what is asked of which recording. With ORPHAN_SECONDS=0 nothing is remembered.
    """

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._ms = int(settings.orphan_seconds * 1000)
        self._expect, self._join, self._unawait, self._orphans = registered(
            client, "expect", "join", "unawait", "orphans"
        ).values()

    async def expect(
        self, task_id: str, owner: str | None, fingerprint: str, *, begin: bool = False, share: bool
    ) -> None:
        """Somebody waits for a task, or did until now; with `share`, an equal request may join.

        Without `begin`, one that is no longer awaited is left alone.
        """
        if not self._ms:
            return
        keys = [self._keys.awaited, self._keys.shared(owner, fingerprint)]
        async with redis_reachable():
            await self._expect(keys=keys, args=[task_id, self._ms, int(begin), int(share)])

    async def join(self, owner: str | None, fingerprint: str) -> str | None:
        """The task of an equal request that may be taken over; None where there is none."""
        if not self._ms:
            return None
        shared = self._keys.shared(owner, fingerprint)
        async with redis_reachable():
            stored = cast(bytes | None, await self._client.get(shared))
            if stored is None:
                return None
            task_id = stored.decode()
            keys = [self._keys.awaited, shared, self._keys.task(task_id), self._keys.result(task_id)]
            joined = await self._join(keys=keys, args=[task_id, self._ms])
        return task_id if joined else None

    async def release(self, task_id: str, owner: str | None, fingerprint: str, *, share: bool) -> None:
        """The task stays, whoever waits; with `share`, an equal request may still join for a while."""
        keys = [self._keys.awaited, self._keys.shared(owner, fingerprint)]
        async with redis_reachable():
            await self._unawait(keys=keys, args=[task_id, self._ms if share else 0])

    async def take_orphans(self) -> list[str]:
        """Ids of tasks that nobody wants any more; each is given once."""
        async with redis_reachable():
            ids = await self._orphans(keys=[self._keys.awaited], args=[ORPHANS_AT_ONCE])
        return [each.decode() for each in ids]
