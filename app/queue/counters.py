"""What all workers together have done: counters in Redis, for the metrics."""

from types import MappingProxyType
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.redis_errors import redis_or_not, redis_reachable

RENAMED = MappingProxyType({"batch_places": "batch_slots"})
"""Counters that Redis has under an older name: workers of any version add to the same one. Both are told."""


class Counters:
    """Counters that only grow."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._key = Keys.from_settings(settings).totals

    async def add(self, **counts: float) -> None:
        """Count. What Redis does not take now is lost: these are figures, not tasks."""
        async with (
            redis_or_not("Counters are not kept"),
            self._client.pipeline(transaction=False) as pipeline,
        ):
            for name, count in counts.items():
                pipeline.hincrbyfloat(self._key, name, count)
            await pipeline.execute()

    async def read(self) -> dict[str, float]:
        """All counters. Raises QueueUnavailable."""
        async with redis_reachable():
            stored = cast(dict[bytes, bytes], await self._client.hgetall(self._key))
        counts = {name.decode(): float(count) for name, count in stored.items()}
        return counts | {new: counts[old] for old, new in RENAMED.items() if old in counts}
