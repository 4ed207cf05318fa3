"""The clock of Redis: no machine's own counts."""

from redis.asyncio import Redis


async def now_ms(client: Redis) -> int:
    """Unix time in milliseconds; raises redis-py's errors."""
    return to_ms(await client.time())


def to_ms(time: tuple[int, int]) -> int:
    """Milliseconds of what TIME answers."""
    seconds, microseconds = time
    return int(seconds) * 1000 + int(microseconds) // 1000
