"""The reader: what is known about tasks and workers."""

from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.elements import failure_of, identity_of
from app.queue.guard import redis_reachable
from app.queue.keys import Keys
from app.queue.outcomes import CANCELLED, CancelOutcome
from app.queue.progress import PROGRESS_FIELDS, with_progress
from app.queue.results import state_of_result
from app.queue.scripts import Policy, Scripts
from app.schemas.task import TaskFailure, TaskState, TaskStatus

SEARCH_DEPTH = 1000
"""Elements next in line among which a task without a hash is looked for (under 1 ms in Redis)."""

PUBLIC_STATUS = {
    b"queued": TaskStatus.QUEUED,
    b"retrying": TaskStatus.QUEUED,
    b"processing": TaskStatus.PROCESSING,
    b"error": TaskStatus.ERROR,
    b"cancelled": TaskStatus.ERROR,
}


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker whose lease runs, and how many tasks it holds."""

    worker_id: str
    lease_seconds_left: float
    holding: int


class TaskReader:
    """Reads the states of tasks, and cancels them. Every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))

    async def state(self, task_id: str) -> TaskState | None:
        """What is known about the task; None where nothing is.

        The result key is believed first: a foreign worker writes nothing else. A task that a foreign program
        pushed is known by its element alone until a worker claims it; it is found among the next SEARCH_DEPTH
        in line.
        """
        async with redis_reachable():
            # Hash first: a result written in between is then seen. Not MULTI, refused where memory is short.
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.hmget(self._keys.task(task_id), ["status", "error", "started_at"])
                pipeline.hmget(self._keys.windows(task_id), PROGRESS_FIELDS)
                pipeline.get(self._keys.result(task_id))
                (status, error, started_at), windows, result = await pipeline.execute()
            if result is not None:
                return state_of_result(task_id, result)
            if status is not None:
                state = _state_of_hash(task_id, status, error)
                return state and with_progress(state, started_at, windows)
            waiting = await self._foreign_element(task_id)
        return TaskState(task_id=task_id, status=TaskStatus.QUEUED) if waiting is not None else None

    async def cancel(self, task_id: str) -> CancelOutcome:
        """Cancel the task: at once where it waits, at its worker's next heartbeat where it runs."""
        async with redis_reachable():
            outcome = await self._scripts.cancel(task_id)
            if outcome is CancelOutcome.UNKNOWN:
                element = await self._foreign_element(task_id)
                if element is not None:
                    outcome = await self._scripts.cancel(task_id, element)
        return outcome

    async def queue_length(self) -> int:
        """Tasks that wait for a worker; those that wait for another attempt are not counted."""
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.llen(self._keys.queue)
            pipeline.llen(self._keys.high)
            return sum(await pipeline.execute())

    async def live_workers(self) -> list[WorkerInfo]:
        """Workers whose lease has not ended, by the clock of Redis."""
        async with redis_reachable():
            seconds, microseconds = await self._client.time()
            now = seconds * 1000 + microseconds // 1000
            leases = cast(
                list[tuple[bytes, float]],
                await self._client.zrangebyscore(self._keys.workers, f"({now}", "+inf", withscores=True),
            )
            names = [name.decode() for name, _ in leases]
            async with self._client.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.llen(self._keys.processing(name))
                lengths = await pipeline.execute()
        return [
            WorkerInfo(name, (end - now) / 1000, length)
            for name, (_, end), length in zip(names, leases, lengths, strict=True)
        ]

    async def ping(self) -> None:
        """Return where Redis answers; raises QueueUnavailable where it does not."""
        async with redis_reachable():
            await self._client.ping()

    async def _foreign_element(self, task_id: str) -> bytes | None:
        found = await self._scripts.find(f'"{task_id}"', SEARCH_DEPTH)
        return next((element for element in found if identity_of(element) == task_id), None)


def _state_of_hash(task_id: str, status: bytes, error: bytes | None) -> TaskState | None:
    public = PUBLIC_STATUS.get(status)
    if public is None:  # done, and its result was removed: the same as one that has expired
        return None
    if public is not TaskStatus.ERROR:
        return TaskState(task_id=task_id, status=public)
    failure = failure_of(error) or (
        CANCELLED if status == b"cancelled" else TaskFailure(code="task_failed", message="The task failed.")
    )
    return TaskState(task_id=task_id, status=public, error=failure)
