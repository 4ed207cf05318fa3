"""What Redis says when it cannot serve now, told as QueueUnavailable."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import (
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.core.errors import QueueUnavailable

logger = logging.getLogger(__name__)

COMMAND_LIMIT_SECONDS = 6.0
"""Longest time that one call may take, retries included: a client waits for the answer."""

RETRY_AFTER_SECONDS = 5

PASSING_ERRORS = (
    RedisConnectionError,  # BusyLoadingError is one
    RedisTimeoutError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    TryAgainError,
)

# Redis 6.2 wraps the error of a command inside a script in a plain ResponseError: only its text tells.
PASSING_TROUBLES = (
    "OOM ",
    "READONLY ",
    "MISCONF ",
    "NOREPLICAS ",
    "LOADING ",
    "MASTERDOWN ",
    "CLUSTERDOWN ",
    "TRYAGAIN ",
)


def is_passing(error: RedisError) -> bool:
    """Whether the same command may succeed later: Redis is away, full, loading, or no longer the master."""
    return isinstance(error, PASSING_ERRORS) or any(word in f"{error} " for word in PASSING_TROUBLES)


@asynccontextmanager
async def redis_reachable(limit_seconds: float | None = COMMAND_LIMIT_SECONDS) -> AsyncIterator[None]:
    """Raise QueueUnavailable where Redis cannot serve now, or not within the limit; other errors pass."""
    try:
        async with asyncio.timeout(limit_seconds):
            yield
    except TimeoutError as error:
        raise QueueUnavailable(
            "The queue did not answer in time; please try again in a moment.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error
    except RedisError as error:
        if not is_passing(error):
            raise
        # Clients get the sentence, which names no address; the cause is for the log.
        logger.warning("Redis cannot serve: %s", str(error) or type(error).__name__)
        raise QueueUnavailable(
            "The queue cannot be reached at the moment; please try again in a moment.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error


@asynccontextmanager
async def redis_or_not(loss: str, level: int = logging.DEBUG) -> AsyncIterator[None]:
    """For what may be left undone: where Redis cannot serve now, `loss` tells in the log what that costs."""
    try:
        async with redis_reachable():
            yield
    except QueueUnavailable as error:
        logger.log(level, "%s: %s", loss, error)
