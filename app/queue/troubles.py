"""What workers cannot use: the upload volume, or models.

Each worker tells it, for health and metrics, and for the others: a task ends as error only where no living
worker has its model.
"""

from typing import cast

from pydantic import ValidationError
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.keys import Keys
from app.queue.redis_errors import redis_reachable
from app.schemas.operations import WorkerTroubles

TOLD_SECONDS = 86_400
"""What nobody tells any more is forgotten; only what living workers tell counts."""


class Troubles:
    """Of all workers of a queue. Every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)

    async def tell(self, worker_id: str, troubles: WorkerTroubles) -> None:
        """This worker has these now; of workers that are gone nothing stays."""
        key = self._keys.troubles
        async with redis_reachable():
            if troubles == WorkerTroubles():
                await self._client.hdel(key, worker_id)
                return
            stored = cast(dict[bytes, bytes], await self._client.hgetall(key))
            gone = {name.decode() for name in stored} - set(await self._alive()) - {worker_id}
            async with self._client.pipeline(transaction=False) as pipeline:
                if gone:
                    pipeline.hdel(key, *gone)
                pipeline.hset(key, worker_id, troubles.model_dump_json())
                pipeline.expire(key, TOLD_SECONDS)
                await pipeline.execute()

    async def of_the_living(self, grace_seconds: float = 0.0) -> dict[str, WorkerTroubles]:
        """Of every worker whose lease runs, or ended less than so long ago, by its id; empty where it has
        none."""
        async with redis_reachable():
            stored = cast(dict[bytes, bytes], await self._client.hgetall(self._keys.troubles))
            return {name: troubles_in(stored.get(name.encode())) for name in await self._alive(grace_seconds)}

    async def _alive(self, grace_seconds: float = 0.0) -> list[str]:
        since = await now_ms(self._client) - int(grace_seconds * 1000)
        names = await self._client.zrangebyscore(self._keys.workers, f"({since}", "+inf")
        return [name.decode() for name in cast(list[bytes], names)]


def troubles_in(stored: bytes | None) -> WorkerTroubles:
    """What a worker cannot use, from what is stored."""
    try:
        return WorkerTroubles.model_validate_json(stored) if stored else WorkerTroubles()
    except ValidationError:  # of another version
        return WorkerTroubles()
