"""Asyncio tasks that run beside the work proper, and how they end."""

import asyncio
from collections.abc import Iterable

CANCEL_AGAIN_SECONDS = 0.5


async def end(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Cancel tasks until they end: a cancellation that meets redis-py as it connects may be lost."""
    tasks = list(tasks)
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=CANCEL_AGAIN_SECONDS)
