"""Walking over keys by the beginning of their name."""

import re
from collections.abc import AsyncIterator

from redis.asyncio import Redis


async def scan_names(client: Redis, prefix: str) -> AsyncIterator[str]:
    """What follows `prefix` in the names of all keys that begin with it; a name may come twice."""
    pattern = re.sub(r"([\\*?\[\]])", r"\\\1", prefix) + "*"
    async for key in client.scan_iter(match=pattern, count=1000):
        yield key.decode().removeprefix(prefix)
