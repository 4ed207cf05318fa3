"""How much one client may send: counted in Redis, for all APIs together."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from limits import RateLimitItem, parse_many
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import RateLimited, RecordingExceedsLimit
from app.core.wording import span
from app.queue.keys import Keys
from app.queue.redis_errors import redis_reachable

RECORDINGS, MEBIBYTES = "recordings", "mebibytes"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a client has left of the tightest limit on `what` it sends.

    That is `amount` in `window_seconds`; `remaining` may come in the next `reset_seconds`.
    """

    what: str
    amount: int
    window_seconds: int
    remaining: int
    reset_seconds: int


@dataclass(frozen=True, slots=True)
class RateLimits:
    """RATE_LIMIT and UPLOAD_LIMIT, read."""

    recordings: Sequence[RateLimitItem]
    mebibytes: Sequence[RateLimitItem]

    @classmethod
    def from_settings(cls, settings: Settings) -> "RateLimits":
        """Raises SystemExit with a sentence where one cannot be read."""
        return cls(
            _read("RATE_LIMIT", settings.rate_limit, RECORDINGS),
            _read("UPLOAD_LIMIT", settings.upload_limit, MEBIBYTES),
        )


def _read(name: str, text: str, namespace: str) -> list[RateLimitItem]:
    try:
        found = parse_many(text) if text.strip() else []
    except ValueError as error:
        raise SystemExit(
            f"Setting {name} is wrong: {text!r} is not of the form 10/minute;200/day; correct it in "
            "`.env` or the environment."
        ) from error
    return [type(limit)(limit.amount, limit.multiples, namespace) for limit in found]


class RateLimiter:
    """Sliding windows of the library `limits`."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._limits = RateLimits.from_settings(settings)
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            connection_pool=client.connection_pool,  # type: ignore[arg-type]  # as its docs have it
            key_prefix=f"{Keys.from_settings(settings).queue}:limits",
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    async def count(self, who: str, mebibytes: int, recordings: int = 1) -> list[Allowance]:
        """Count one more recording of that client, and its size; what is left of each that is limited.

        Where the size comes in another request than the recording, either may be 0.

        Raises RateLimited, RecordingExceedsLimit, QueueUnavailable.
        """
        counted = [
            [await self._count(limit, who, RECORDINGS, recordings) for limit in self._limits.recordings],
            [await self._count(limit, who, MEBIBYTES, mebibytes) for limit in self._limits.mebibytes],
        ]
        return [min(left, key=lambda each: each.remaining) for left in counted if left]

    async def _count(self, limit: RateLimitItem, who: str, what: str, cost: int) -> Allowance:
        if what == MEBIBYTES and cost > limit.amount:  # it would never be allowed, however long one waits
            raise RecordingExceedsLimit(
                f"One client may send {limit.amount} {what} in {span(limit.get_expiry())}, and this request "
                f"has {cost}, or may have as many since it does not tell its length (Content-Length); send "
                "the recording in parts."
            )
        async with redis_reachable():
            allowed = cost == 0 or await self._limiter.hit(limit, who, cost=cost)
            stats = await self._limiter.get_window_stats(limit, who)
        seconds = max(1, math.ceil(stats.reset_time - time.time()))
        if not allowed:
            raise RateLimited(
                f"One client may send {limit.amount} {what} in {span(limit.get_expiry())}; please try again "
                f"in {seconds} s.",
                retry_after_seconds=seconds,
            )
        return Allowance(what, limit.amount, limit.get_expiry(), stats.remaining, seconds)
