"""The clock of Redis: no machine's own counts."""

from redis.asyncio import Redis


async def now_ms(client: Redis) -> int:
    """Unix time in milliseconds; raises redis-py's errors."""
    seconds, microseconds = await client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000
