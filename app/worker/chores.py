"""What a worker does again and again beside its tasks: leases, maintenance, looks at disk and folder."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from redis.exceptions import RedisError

from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.errors import CapacityError

logger = logging.getLogger(__name__)


def chore(what: str, seconds: float, action: Callable[[], Awaitable[object]]) -> "asyncio.Task[None]":
    """Do `action` now and again, `seconds` after its end, until the task is cancelled.

    Leases and maintenance must survive whatever goes wrong once, and are never put off: what an action raises
    is logged as trouble with `what`.
    """
    return asyncio.create_task(_every(seconds, action, Backoff(logger, what, quiet_seconds=QUIET_SECONDS)))


async def _every(seconds: float, action: Callable[[], Awaitable[object]], backoff: Backoff) -> None:
    while True:
        try:
            await action()
            backoff.succeeded()
        except Exception as error:
            expected = isinstance(error, RedisError | CapacityError | TimeoutError)
            backoff.failed(error, unexpected=not expected)
        await asyncio.sleep(seconds)
