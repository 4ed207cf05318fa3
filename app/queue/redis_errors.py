"""What Redis says when it cannot serve now, told as QueueUnavailable."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import (
    AskError,
    ClusterCrossSlotError,
    ClusterDownError,
    MasterDownError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.core.backoff import Backoff
from app.core.errors import ClusterUnsupported, QueueRefused, QueueUnavailable
from app.queue.refusals import refusal_sentence

logger = logging.getLogger(__name__)

COMMAND_LIMIT_SECONDS = 6.0
"""Longest time that one call may take, retries included: a client waits for the answer."""

RETRY_AFTER_SECONDS = 5
REFUSED_RETRY_AFTER_SECONDS = 60
"""When to ask again where an operator has to change something first."""

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

WRITE_TROUBLES = ("OOM ", "READONLY ", "MISCONF ", "NOREPLICAS ")
"""Those in which Redis still answers what only reads."""

REFUSALS = (
    *("NOPERM", "ACL failure in script", "can't run this command", "can't access at least one of the keys"),
    "unknown command",
)
"""What Redis says of a command that its user may not give (ACL), inside a script too, or that is disabled."""

CLUSTER_ERRORS = (AskError, ClusterCrossSlotError)
"""Keys of two slots in one command, or a slot that another node owns; MovedError is an AskError."""

_talk = Backoff(logger, "Talking to Redis")
"""Hundreds of requests may meet the same failure: the log gets one line."""


def is_refused(error: RedisError) -> bool:
    """Whether Redis does not let the service's user give this command, whatever the moment."""
    return isinstance(error, NoPermissionError) or any(word in str(error) for word in REFUSALS)


def is_passing(error: RedisError) -> bool:
    """Whether the same command may succeed later: Redis is away, full, loading, or no longer the master."""
    return isinstance(error, PASSING_ERRORS) or any(word in f"{error} " for word in PASSING_TROUBLES)


def is_of_cluster(error: RedisError) -> bool:
    """Whether a node of Redis Cluster answers that it does not serve all of these keys."""
    return isinstance(error, CLUSTER_ERRORS)


@asynccontextmanager
async def redis_reachable(limit_seconds: float | None = COMMAND_LIMIT_SECONDS) -> AsyncIterator[None]:
    """Raise QueueUnavailable where Redis cannot serve now, or not within the limit; of these QueueRefused
    where it does not let us, ClusterUnsupported where other nodes have some of the keys; other errors pass.
    """
    try:
        async with asyncio.timeout(limit_seconds):
            yield
    except TimeoutError as error:
        raise QueueUnavailable(
            "The queue did not answer in time; please try again in a moment.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error
    except RedisError as error:
        if not (is_refused(error) or is_passing(error) or is_of_cluster(error)):
            raise
        # Clients get the sentence, which names no address; the cause is for the log.
        _talk.failed(error)
        raise _told(error) from error


def _refuses_writes(error: RedisError) -> bool:
    is_known = isinstance(error, OutOfMemoryError | ReadOnlyError)
    return is_known or any(word in f"{error} " for word in WRITE_TROUBLES)


def _told(error: RedisError) -> QueueUnavailable:
    if sentence := refusal_sentence(error):
        return QueueRefused(sentence, retry_after_seconds=REFUSED_RETRY_AFTER_SECONDS)
    if is_refused(error):
        return QueueRefused(
            "Redis refuses a command that the service needs; `GET /health/ready` names what is missing.",
            retry_after_seconds=REFUSED_RETRY_AFTER_SECONDS,
        )
    if is_of_cluster(error):
        return ClusterUnsupported(
            "Redis Cluster is not supported: the node that the settings name does not serve all keys. Use "
            "one Redis server, Sentinel (REDIS_SENTINELS), or a managed Redis with cluster mode off.",
            retry_after_seconds=REFUSED_RETRY_AFTER_SECONDS,
        )
    if _refuses_writes(error):
        return QueueUnavailable(
            "Redis answers, but refuses to write: its disk or memory is full, or it is a replica; please try "
            "again in a moment.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        )
    return QueueUnavailable(
        "The queue cannot be reached at the moment; please try again in a moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


@asynccontextmanager
async def redis_or_not(loss: str, level: int = logging.DEBUG) -> AsyncIterator[None]:
    """For what may be left undone: where Redis cannot serve now, `loss` tells in the log what that costs."""
    try:
        async with redis_reachable():
            yield
    except QueueUnavailable as error:
        logger.log(level, "%s: %s", loss, error)
