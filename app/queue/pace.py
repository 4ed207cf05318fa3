"""How fast recordings have been transcribed of late: what waiting times are told from."""

from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.redis_errors import redis_or_not, redis_reachable

WEIGHT_OF_NEW = 0.2
"""Of the newest figure in the moving average."""


class Pace:
    """The real-time factor of each model, as tasks had it that ran beside others."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._key = Keys.from_settings(settings).pace

    async def note(self, model: str, real_time_factor: float) -> None:
        """Hear of one more task. A figure lost where two come at once does no harm, nor one that Redis
        refuses."""
        async with redis_or_not(f"The pace of {model} is not noted"):
            before = cast(bytes | None, await self._client.hget(self._key, model))
            old = float(before) if before else real_time_factor
            new = old + WEIGHT_OF_NEW * (real_time_factor - old)
            await self._client.hset(self._key, model, f"{new:.5f}")

    async def by_model(self) -> dict[str, float]:
        """The figures there are. Raises QueueUnavailable."""
        async with redis_reachable():
            stored = cast(dict[bytes, bytes], await self._client.hgetall(self._key))
        return {model.decode(): float(figure) for model, figure in stored.items()}
