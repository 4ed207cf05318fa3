"""Callers who wait for their transcript in the request that brought the recording."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

import anyio

from app.core.background import end
from app.core.config import Settings
from app.core.errors import StillTranscribing, TaskNotFound
from app.core.stopping import Stopping
from app.queue.awaited import AwaitedTasks
from app.queue.redis_errors import redis_or_not
from app.schemas.caller import Caller
from app.schemas.task import ENDED, TaskState
from app.services.task_service import TaskService
from app.services.upload_request import Acceptance

logger = logging.getLogger(__name__)

SIGN_SECONDS = 15.0
"""Time between two notes that a caller still waits; less where ORPHAN_SECONDS is short."""

RETRY_AFTER_SECONDS = 5


class Parting(Enum):
    """How a wait ends: what becomes of the task."""

    LEFT = "left"  # the caller went away: it is kept for ORPHAN_SECONDS
    TOLD = "told"  # the caller got its end
    NAMED = "named"  # the caller knows its address: it is kept as any other
    BROKEN_OFF = "broken off"  # the caller is to come again and hear how it ended
    GOES_ON = "goes on"  # another wait follows at once


class Wait:
    """One caller's wait for one task."""

    def __init__(
        self, tasks: TaskService, task_id: str, caller: Caller, deadline: float, stopping: Stopping
    ) -> None:
        self.task_id = task_id
        self.parting = Parting.LEFT
        self._tasks = tasks
        self._caller = caller
        self._deadline = deadline
        self._stopping = stopping

    async def look(self, seconds: float) -> TaskState | None:
        """How the task ended; None where it has not within so many seconds.

        Raises StillTranscribing past SYNC_WAIT_SECONDS, and where the service stops.
        """
        left = self._deadline - time.monotonic()
        state = await self._tasks.wait(self.task_id, self._caller, max(0.0, min(seconds, left)))
        if state.status in ENDED:
            self.parting = Parting.TOLD
            return state
        if left <= seconds or self._stopping:
            self.parting = Parting.NAMED
            raise StillTranscribing(
                f"The recording is not transcribed yet: send the same request again to go on waiting, or get "
                f"the transcript at /transcribe/{self.task_id}",
                retry_after_seconds=RETRY_AFTER_SECONDS,
                task_id=self.task_id,
            )
        return None


class WaitingService:
    """The use case of a caller who waits; the task of one who goes away is kept for ORPHAN_SECONDS."""

    def __init__(
        self, settings: Settings, awaited: AwaitedTasks, tasks: TaskService, stopping: Stopping
    ) -> None:
        self._settings = settings
        self._awaited = awaited
        self._tasks = tasks
        self._stopping = stopping
        self._sign_seconds = min(SIGN_SECONDS, settings.orphan_seconds / 3)

    def deadline(self) -> float:
        """Until when a caller who comes now may wait, on the clock of `time.monotonic`."""
        return time.monotonic() + self._settings.sync_wait_seconds

    @asynccontextmanager
    async def wait(self, accepted: Acceptance, caller: Caller, deadline: float) -> AsyncIterator[Wait]:
        """A wait; its `parting`, when the block ends, tells what becomes of the task."""
        wait = Wait(self._tasks, accepted.task_id, caller, deadline, self._stopping)
        signs = asyncio.create_task(self._give_signs(accepted, caller))
        try:
            yield wait
        finally:
            with anyio.CancelScope(shield=True):
                await end([signs])
                async with redis_or_not("A task that nobody waits for is kept", logging.WARNING):
                    await self._part(wait.parting, accepted, caller)

    async def remove_orphans(self) -> None:
        """Remove unfinished tasks that nobody has waited for in ORPHAN_SECONDS. Raises QueueUnavailable."""
        for task_id in await self._awaited.take_orphans():
            if await self._tasks.delete_unfinished(task_id):
                logger.info("Nobody waited for task %s any more", task_id, extra={"task_id": task_id})

    async def _give_signs(self, accepted: Acceptance, caller: Caller) -> None:
        while self._sign_seconds:
            await asyncio.sleep(self._sign_seconds)
            async with redis_or_not("A caller's sign is missing"):
                await self._expect(accepted, caller, share=accepted.may_be_shared)

    async def _part(self, parting: Parting, accepted: Acceptance, caller: Caller) -> None:
        if parting is Parting.LEFT and not self._settings.orphan_seconds:
            with contextlib.suppress(TaskNotFound):
                await self._tasks.delete(accepted.task_id, caller)
        elif parting in (Parting.LEFT, Parting.BROKEN_OFF):
            await self._expect(accepted, caller, share=True)
        elif parting in (Parting.TOLD, Parting.NAMED):
            share = parting is Parting.NAMED
            await self._awaited.release(accepted.task_id, caller.name, accepted.fingerprint, share=share)

    async def _expect(self, accepted: Acceptance, caller: Caller, *, share: bool) -> None:
        await self._awaited.expect(accepted.task_id, caller.name, accepted.fingerprint, share=share)
