"""The same request, sent again, is the same task."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from app.core.background import end
from app.core.errors import IdempotencyConflict, QueueUnavailable, RequestInProgress
from app.queue.idempotency_keys import ACCEPTANCE_SECONDS, EarlierRequest, IdempotencyKeys, KeyedRequest
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

    async def accepted(self, owner: str | None, key: str) -> EarlierRequest | None:
        """The request with that key whose task is known now; None where there is none.

        Asked as a request begins: where its task is deleted while the recording arrives, the same request is
        that task all the same, and does not bring it back. Raises QueueUnavailable.
        """
        earlier = await self._keys.accepted(owner, key)
        is_known = earlier is not None and await self._tasks.record(earlier.task_id) is not None
        return earlier if is_known else None

    async def earlier(self, request: KeyedRequest, accepted: EarlierRequest | None = None) -> str | None:
        """The task of the same request, `accepted` before this one began, or meanwhile; None where it is this
        one's to become a task.

        Raises IdempotencyConflict where it was another request, RequestInProgress where it is not known in
        time what becomes of it, and QueueUnavailable.
        """
        if accepted is not None:
            _refuse_another(request, accepted)
            return accepted.task_id
        deadline = time.monotonic() + WAIT_SECONDS
        ghost = b""
        while (holder := await self._keys.remember(request, ghost)).outcome is not RequestOutcome.MINE:
            if holder.outcome is RequestOutcome.ACCEPTING:
                _refuse_another(request, holder.earlier)
                if time.monotonic() > deadline:
                    raise _in_progress()
                await asyncio.sleep(LOOK_SECONDS)
            elif holder.earlier is not None and await self._tasks.record(holder.earlier.task_id):
                _refuse_another(request, holder.earlier)
                return holder.earlier.task_id
            else:
                ghost = holder.stored
        return None

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
