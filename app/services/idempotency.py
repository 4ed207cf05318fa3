"""The same request, sent again, is the same task."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.core.background import end
from app.core.errors import IdempotencyConflict, QueueUnavailable, RequestInProgress
from app.queue.idempotency_keys import (
    ACCEPTANCE_SECONDS,
    EarlierRequest,
    Holder,
    IdempotencyKeys,
    KeyedRequest,
)
from app.queue.outcomes import RequestOutcome
from app.queue.reader import TaskLookup

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""Time between two looks at an earlier request that is still being accepted."""

WAIT_SECONDS = 30.0
"""How long a request waits for the end of such an earlier one."""

RETRY_AFTER_SECONDS = 5


class Idempotency:
    """Says which task a request with an Idempotency-Key became before, if that task is known or noted."""

    def __init__(self, keys: IdempotencyKeys, tasks: TaskLookup) -> None:
        self._keys = keys
        self._tasks = tasks

    async def is_known(self, owner: str | None, key: str) -> bool:
        """Whether a request came with that key, whatever it was. Raises QueueUnavailable."""
        return await self._keys.is_known(owner, key)

    async def holder(self, owner: str | None, key: str) -> Holder | None:
        """Who has that key as a request begins: one whose task is known, or who is being accepted; None where
        there is none.

        Where its task is deleted while the recording arrives, the same request is that task all the same, and
        does not bring it back. Raises QueueUnavailable.
        """
        holder = await self._keys.holder(owner, key)
        if holder is None or holder.earlier is None or holder.outcome is RequestOutcome.ACCEPTING:
            return holder
        return holder if await self._tasks.record(holder.earlier.task_id) is not None else None

    async def earlier(self, request: KeyedRequest, began: Holder | None = None) -> str | None:
        """The task of the same request, whom the key belonged to as this one `began`, or meanwhile; None
        where it is this one's to become a task.

        Raises IdempotencyConflict where it was another request, RequestInProgress where it is not known in
        time what becomes of it, and QueueUnavailable.
        """
        if began is not None and began.earlier is not None and began.outcome is RequestOutcome.TAKEN:
            _refuse_another(request, began.earlier)
            return began.earlier.task_id
        deadline = time.monotonic() + WAIT_SECONDS
        ghost, before = b"", began
        while (holder := await self._keys.remember(request, ghost)).outcome is not RequestOutcome.MINE:
            if holder.outcome is RequestOutcome.ACCEPTING:
                _refuse_another(request, holder.earlier)
                if time.monotonic() > deadline:
                    raise _in_progress()
                before = holder
                await asyncio.sleep(LOOK_SECONDS)
            elif holder.earlier is not None and await self._tasks.record(holder.earlier.task_id):
                _refuse_another(request, holder.earlier)
                return holder.earlier.task_id
            else:
                ghost = holder.stored
        return await self._deleted(request, before.earlier if before is not None else None)

    async def _deleted(self, request: KeyedRequest, before: EarlierRequest | None) -> str | None:
        """The task of the request that was being accepted `before`, where it is deleted by now: this one was
        on its way then, and brings it back no more than it would have, had it come a moment later."""
        if before is None or not await self._tasks.deleted([before.task_id]):
            return None
        await self._keys.release(request, accepted=False)
        _refuse_another(request, before)
        return before.task_id

    @asynccontextmanager
    async def accepting(self, request: KeyedRequest) -> AsyncIterator[None]:
        """Keep the key while the block makes the request a task; where it fails, the key is free again."""
        keeping = asyncio.create_task(self._keep(request))
        accepted = False
        try:
            yield
            accepted = True
        finally:
            with anyio.CancelScope(shield=True):
                await end([keeping])
                await self._keys.release(request, accepted=accepted)

    async def confirm(self, request: KeyedRequest) -> None:
        """Raises RequestInProgress where the key is another's by now, QueueUnavailable.

        That is so where this API stood still for longer than ACCEPTANCE_SECONDS.
        """
        if (await self._keys.remember(request)).outcome is not RequestOutcome.MINE:
            raise _in_progress()

    async def _keep(self, request: KeyedRequest) -> None:
        while True:
            await asyncio.sleep(ACCEPTANCE_SECONDS / 3)
            try:
                await self._keys.remember(request)
            except QueueUnavailable as error:
                logger.info("An Idempotency-Key is not renewed now: %s", error)


def _refuse_another(request: KeyedRequest, earlier: EarlierRequest | None) -> None:
    if earlier is not None and earlier.fingerprint != request.fingerprint:
        raise IdempotencyConflict(
            "This Idempotency-Key came before with another recording or other options; use a new one."
        )


def _in_progress() -> RequestInProgress:
    return RequestInProgress(
        "An earlier request with this Idempotency-Key is still being accepted; send this one again in a "
        "moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
