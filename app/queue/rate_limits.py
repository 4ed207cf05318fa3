"""How much one client may send: counted in Redis, for all APIs together."""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import RateLimited
from app.queue.guard import redis_reachable
from app.queue.keys import Keys


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client has left of the tightest limit.

    That is `amount` in `window_seconds`; `remaining` may come in the next `reset_seconds`.
    """

    amount: int
    window_seconds: int
    remaining: int
    reset_seconds: int


def limits_of(text: str) -> list[RateLimitItem]:
    """The limits that RATE_LIMIT names. Raises SystemExit with a sentence where it cannot be read."""
    try:
        return parse_many(text) if text.strip() else []
    except ValueError as error:
        raise SystemExit(
            f"Setting RATE_LIMIT is wrong: {text!r} is not of the form 10/minute;200/day; correct it in "
            "`.env` or the environment."
        ) from error


class RateLimiter:
    """RATE_LIMIT: sliding windows of the library `limits`."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._limits = limits_of(settings.rate_limit)
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            connection_pool=client.connection_pool,  # type: ignore[arg-type]  # as its docs have it
            key_prefix=f"{Keys.from_settings(settings).queue}:limits",
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def count(self, who: str) -> Allowance | None:
        """Count one more request of that client; what is left, None without limits.

        Raises RateLimited, QueueUnavailable.
        """
        left = [await self._count(limit, who) for limit in self._limits]
        return min(left, key=lambda each: each.remaining, default=None)

    async def _count(self, limit: RateLimitItem, who: str) -> Allowance:
        async with redis_reachable():
            allowed = await self._limiter.hit(limit, who)
            stats = await self._limiter.get_window_stats(limit, who)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        if not allowed:
            raise RateLimited(
                f"No more than {limit} are taken from one client; please try again in {seconds} s.",
                retry_after_seconds=seconds,
            )
        return Allowance(limit.amount, limit.get_expiry(), stats.remaining, seconds)
