"""Saves the windows of a running task as they are finished, beside everything else."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from app.queue.claims import Checkpoints, Claim
from app.schemas.window import WindowDone

FLUSH_SECONDS = 5.0
"""Time that the last windows of a run get to be saved before its task is settled or handed back."""


@asynccontextmanager
async def saving(checkpoints: Checkpoints, claim: Claim) -> AsyncIterator[Callable[[WindowDone], None]]:
    """Gives the function that takes finished windows; they are saved in order, and none waits for Redis."""
    waiting: asyncio.Queue[WindowDone] = asyncio.Queue()
    writer = asyncio.create_task(_write(checkpoints, claim, waiting))
    try:
        yield waiting.put_nowait
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await waiting.join()
        writer.cancel()


async def _write(checkpoints: Checkpoints, claim: Claim, waiting: "asyncio.Queue[WindowDone]") -> None:
    while True:
        done = await waiting.get()
        try:
            await checkpoints.save(claim, done)
        finally:
            waiting.task_done()
