"""The waiting tasks, as a worker takes them."""

import time
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.room import Demand, Room
from app.queue.scripts import Scripts

LOOK_ANEW_SECONDS = 5.0
"""After so long all that waits is looked at again: what is put back in front was not there before."""

Filter = tuple[str, float | None, bool, frozenset[Demand]]
"""A list, the longest recording that is wanted of it, whether those to be fetched are, and what is not."""


class Line:
    """Moves waiting tasks into one worker's list. `blocking` never repeats a command: each is a pop."""

    def __init__(self, settings: Settings, worker_id: str, blocking: Redis) -> None:
        self._worker_id = worker_id
        self._block_seconds = settings.claim_block_seconds
        self._blocking = blocking
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(blocking, self._keys, Policy.from_settings(settings))
        self._default_model = settings.default_model
        self._passed: dict[Filter, tuple[bytes, float]] = {}

    async def take(self, room: Room, *, wait: bool) -> bytes | None:
        """The next element that there is room for, those that go first before all others; None without one.

        Where there is room for everything, `wait` waits for CLAIM_BLOCK_SECONDS. Raises QueueUnavailable.
        """
        async with redis_reachable(limit_seconds=None):
            element = await self._next(self._keys.high, room.longest(high=True), room)
            if element is not None:
                return element
            if wait and room.is_unlimited:
                return await self._wait()
            return await self._next(self._keys.queue, room.longest(high=False), room)

    async def _wait(self) -> bytes | None:
        element = await self._blocking.blmove(
            self._keys.queue,
            self._keys.processing(self._worker_id),
            self._block_seconds,  # type: ignore[arg-type]  # Redis takes fractions
            "RIGHT",
            "LEFT",
        )
        return cast(bytes | None, element)

    async def _next(self, key: str, longest: float | None, room: Room) -> bytes | None:
        if longest is None and room.fetch and not room.unwanted:
            mine = self._keys.processing(self._worker_id)
            return cast(bytes | None, await self._blocking.lmove(key, mine, "RIGHT", "LEFT"))
        if longest == 0.0 and not room.fetch:
            return None
        return await self._pick((key, longest, room.fetch, room.unwanted))

    async def _pick(self, wanted: Filter) -> bytes | None:
        """The first element that is wanted; those passed over a moment ago are not looked at again."""
        now = time.monotonic()
        passed, looked_at = self._passed.get(wanted, (b"", now))
        if now - looked_at > LOOK_ANEW_SECONDS:
            passed, looked_at = b"", now
        self._passed = {known: each for known, each in self._passed.items() if known[3] == wanted[3]}
        element, passed_now = await self._scripts.pick(
            self._worker_id, *wanted, passed, default_model=self._default_model
        )
        self._passed[wanted] = (passed_now or b"", looked_at if passed else now)
        return element
