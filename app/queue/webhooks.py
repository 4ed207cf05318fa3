"""Webhooks that are to be sent: kept in Redis from the enqueue on, so that no end of a task goes untold.

A task's entry is due some time after its enqueue and each claim, and again and again until it has ended:
whoever ends it only hurries things up.
"""

from dataclasses import dataclass

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.keys import Keys
from app.queue.redis_errors import redis_or_not, redis_reachable
from app.queue.scripts import registered
from app.schemas.task import Delivery, DeliveryState, Task

LOOK_SECONDS = 60.0
"""Time between two looks at a task that has not ended."""

TAKEN_SECONDS = 60.0
"""A webhook that is being sent is nobody else's for so long."""

FIELDS = ("webhook_state", "webhook_attempts", "webhook_status")


@dataclass(frozen=True, slots=True)
class Try:
    """What one try to deliver gave: the status of the answer, None where there was none."""

    state: DeliveryState
    status: int | None
    again_in_seconds: float | None


class Webhooks:
    """The webhooks of one service. Raises QueueUnavailable, `hurry` apart."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = registered(client, "webhook", "try_webhook", "note_webhook")

    async def expect(self, task: Task) -> None:
        """The end of that task is to be told; one that is due already stays due.

        To be called before its enqueue and at each claim: a program may have pushed it, an operator have
        queued it anew.
        """
        if task.webhook is None:
            return
        async with redis_reachable():
            due = await now_ms(self._client) + LOOK_SECONDS * 1000
            await self._client.zadd(self._keys.webhooks, {task.task_id: due}, nx=True)

    async def hurry(self, task: Task) -> None:
        """That task has ended."""
        if task.webhook is None:
            return
        async with redis_or_not(f"The webhook of task {task.task_id} comes later"):
            await self._client.zadd(self._keys.webhooks, {task.task_id: 1}, xx=True)

    async def take(self) -> str | None:
        """Id of a task whose webhook is due, which is the caller's for TAKEN_SECONDS; None where none is."""
        async with redis_reachable():
            answer = await self._scripts["webhook"](
                keys=[self._keys.webhooks], args=[int(TAKEN_SECONDS * 1000)]
            )
        return None if answer is None else str(answer.decode())

    async def put_off(self, task_id: str, seconds: float) -> None:
        """It is due so many seconds from now, unless the task was deleted meanwhile."""
        async with redis_reachable():
            due = await now_ms(self._client) + seconds * 1000
            await self._client.zadd(self._keys.webhooks, {task_id: due}, xx=True)

    async def drop(self, task_id: str) -> None:
        """There is nothing to be told of that task any more."""
        async with redis_reachable():
            await self._client.zrem(self._keys.webhooks, task_id)

    async def attempt(self, task_id: str) -> tuple[int, str] | None:
        """One more try is made: how many those are, and the id of the message; None where the task is gone.

        A task that failed may be queued anew: its next end is another message, which a receiver must not take
        for one that it has had.
        """
        async with redis_reachable():
            answer = await self._scripts["try_webhook"](keys=self._names(task_id), args=[task_id])
        if answer is None:
            return None
        attempts, ended_before = answer
        return int(attempts), f"{task_id}.{int(ended_before)}" if ended_before else task_id

    async def note(self, task_id: str, result: Try) -> None:
        """What a try gave; nothing of a task that was deleted during the try."""
        again = "" if result.again_in_seconds is None else int(result.again_in_seconds * 1000)
        async with redis_reachable():
            await self._scripts["note_webhook"](
                keys=self._names(task_id), args=[task_id, str(result.state), result.status or 0, again]
            )

    def _names(self, task_id: str) -> list[str]:
        return [self._keys.task(task_id), self._keys.webhooks]


def delivery_of(task: Task | None, values: list[bytes | None]) -> Delivery | None:
    """How the delivery of a task's webhook stands; `values` are those of FIELDS in its hash."""
    if task is None or task.webhook is None:
        return None
    state, attempts, status = values
    return Delivery(
        state=DeliveryState(state.decode()) if state else DeliveryState.PENDING,
        attempts=int(attempts or 0),
        status=int(status or 0) or None,
    )
