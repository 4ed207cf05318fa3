"""Whose turn it is, of several processes that would do the same."""

from redis.asyncio import Redis

from app.queue.redis_errors import redis_reachable


async def is_turn(client: Redis, key: str, every_seconds: float) -> bool:
    """Whether the caller is the first to ask for so many seconds. Raises QueueUnavailable.

    A mark that lasts for longer than it was set for counts for nothing: the clock of Redis was set back.
    """
    pause_ms = max(1, int(every_seconds * 1000))
    async with redis_reachable():
        if await client.set(key, 1, nx=True, px=pause_ms):
            return True
        if await client.pttl(key) <= pause_ms:
            return False
        await client.set(key, 1, px=pause_ms)
    return True
