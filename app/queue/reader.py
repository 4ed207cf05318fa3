"""The reader: what is known about tasks and workers."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, cast

from anyio import CapacityLimiter, to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.coalescing import Coalescer
from app.queue.keys import Keys
from app.queue.outcomes import CANCELLED, DeleteOutcome
from app.queue.payload import parse_failure, parse_task, parse_task_id
from app.queue.policy import Policy
from app.queue.progress import PROGRESS_FIELDS, with_progress
from app.queue.redis_errors import redis_reachable
from app.queue.results import state_of_result
from app.queue.scripts import Scripts, StoredTask
from app.queue.webhooks import FIELDS as WEBHOOK_FIELDS
from app.queue.webhooks import delivery_of
from app.schemas.task import Task, TaskFailure, TaskState, TaskStatus
from app.schemas.window import WindowTranscript

SEARCH_DEPTH = 1000
"""Elements next in line among which a task without a hash is looked for (under 1 ms in Redis)."""

LONG_BYTES = 256 * 1024
"""A longer result is read in a thread: that of some hours takes a tenth of a second."""

PUBLIC_STATUS = {
    b"queued": TaskStatus.QUEUED,
    b"retrying": TaskStatus.QUEUED,
    b"processing": TaskStatus.PROCESSING,
    b"error": TaskStatus.ERROR,
    b"cancelled": TaskStatus.ERROR,
}


HASH_FIELDS = ["status", "error", "started_at", "payload", "deleted"]
"""Of a task's hash; those of its webhook follow."""


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """What is known about a task; `task` is None where only its result is."""

    state: TaskState
    task: Task | None


class TaskLookup(Protocol):
    """Whoever knows of tasks: Redis, or the archive besides."""

    async def record(self, task_id: str) -> TaskRecord | None:
        """What is known of a task; None where nothing is. Raises CapacityError."""

    async def deleted(self, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that were deleted of late."""


class OutboxLookup(Protocol):
    """What is known of tasks outside Redis, which may have forgotten its last moments."""

    async def deleted(self, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that were deleted: Redis may know them again."""

    async def noted(self, task_id: str) -> Task | None:
        """The task, where it was accepted and has not ended for long: Redis may not know it any more."""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """A worker whose lease runs, and how many tasks it holds."""

    worker_id: str
    lease_seconds_left: float
    holding: int


class TaskReader:
    """Reads the states of tasks, and deletes them. Every method raises QueueUnavailable.

    Without an outbox only Redis is asked.
    """

    def __init__(self, client: Redis, settings: Settings, outbox: OutboxLookup | None = None) -> None:
        self._client = client
        self._outbox = outbox
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))
        self._stored = Coalescer(self._read)
        self._long_results = CapacityLimiter(1)

    async def record(self, task_id: str) -> TaskRecord | None:
        """What is known about the task; None where nothing is, or where it was deleted.

        The result key is believed first: a foreign worker writes nothing else. A task that Redis does not
        know is queued as long as its note is in the outbox. One that a foreign program pushed is known by its
        element alone until a worker claims it; it is found among the next SEARCH_DEPTH in line.
        """
        stored = await self._stored.get(task_id)
        if stored.deleted:
            return None
        if stored.status is None and stored.result is None:
            return await self._record_outside(task_id)
        if len(stored.result or b"") > LONG_BYTES:
            state = await to_thread.run_sync(_state_of, task_id, stored, limiter=self._long_results)
        else:
            state = _state_of(task_id, stored)
        if state is None:
            return None
        task = parse_task(stored.payload) if stored.payload else None
        if task is not None and task.webhook is not None:
            state = state.model_copy(update={"webhook": delivery_of(task, stored.webhook)})
        return TaskRecord(state, task)

    async def ended(self, task_id: str) -> TaskRecord | None:
        """A task that is done, without its result, which Redis need not have any more; None for others."""
        stored = await self._stored.get(task_id)
        if stored.status != b"done" or stored.deleted:
            return None
        task = parse_task(stored.payload) if stored.payload else None
        return TaskRecord(TaskState(task_id=task_id, status=TaskStatus.DONE), task)

    async def _record_outside(self, task_id: str) -> TaskRecord | None:
        """The record of a task of which Redis holds neither hash nor result."""
        queued = TaskState(task_id=task_id, status=TaskStatus.QUEUED)
        noted = await self._outbox.noted(task_id) if self._outbox is not None else None
        if noted is not None:
            return TaskRecord(queued, noted)
        async with redis_reachable():
            payload = await self._foreign_element(task_id)
        return TaskRecord(queued, parse_task(payload)) if payload is not None else None

    async def state(self, task_id: str) -> TaskState | None:
        """The state in `record`."""
        record = await self.record(task_id)
        return record.state if record else None

    async def windows(self, task_id: str, first: int) -> list[WindowTranscript]:
        """Windows of an unfinished task from number `first` on, as far as none is missing in between."""
        async with redis_reachable():
            key = self._keys.windows(task_id)
            following = cast(bytes | None, await self._client.hget(key, "following"))
            numbers = range(first, int(following or 0))
            if not numbers:
                return []
            stored = await self._client.hmget(key, [f"window:{number}" for number in numbers])
        return [WindowTranscript.model_validate_json(window) for window in stored if window is not None]

    async def delete(self, task_id: str, owner: str | None) -> DeleteOutcome:
        """Remove the task: at once, or at its worker's next heartbeat where it runs."""
        async with redis_reachable():
            element = await self._foreign_element(task_id)
            request = cast(bytes | None, await self._client.get(self._keys.request_of(task_id)))
            return await self._scripts.delete(
                task_id,
                owner=owner,
                payload=element or b"",
                request_key=request.decode() if request else None,
            )

    async def queue_length(self) -> int:
        """Tasks that wait for a worker; those that wait for another attempt are not counted."""
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.llen(self._keys.queue)
            pipeline.llen(self._keys.high)
            return sum(await pipeline.execute())

    async def live_workers(self) -> list[WorkerInfo]:
        """Workers whose lease has not ended, by the clock of Redis."""
        async with redis_reachable():
            now = await now_ms(self._client)
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

    async def _read(self, task_ids: Sequence[str]) -> list["_Stored"]:
        """What is stored of some tasks. Raises QueueUnavailable."""
        found, deleted = await asyncio.gather(self._read_redis(task_ids), self.deleted(task_ids))
        return [
            replace(_stored(each), deleted=b"1") if task_id in deleted else _stored(each)
            for task_id, each in zip(task_ids, found, strict=True)
        ]

    async def _read_redis(self, task_ids: Sequence[str]) -> list[StoredTask]:
        async with redis_reachable():
            return await self._scripts.read(task_ids, [*HASH_FIELDS, *WEBHOOK_FIELDS], PROGRESS_FIELDS)

    async def deleted(self, task_ids: Sequence[str]) -> Collection[str]:
        """Those of the tasks that were deleted of late, as the outbox tells."""
        return await self._outbox.deleted(task_ids) if self._outbox is not None else ()

    async def _foreign_element(self, task_id: str) -> bytes | None:
        found = await self._scripts.find(f'"{task_id}"', SEARCH_DEPTH)
        return next((element for element in found if parse_task_id(element) == task_id), None)


@dataclass(frozen=True, slots=True)
class _Stored:
    """What Redis holds of a task: the fields of its hash, in the order of HASH_FIELDS, and its other keys."""

    status: bytes | None
    error: bytes | None
    started_at: bytes | None
    payload: bytes | None
    deleted: bytes | None
    webhook: list[bytes | None]
    windows: list[bytes | None]
    texts: list[bytes | None]
    result: bytes | None


def _stored(found: StoredTask) -> _Stored:
    fields, windows, result, texts = found
    status, error, started_at, payload, deleted, *webhook = fields
    return _Stored(status, error, started_at, payload, deleted, webhook, windows, texts, result)


def _state_of(task_id: str, stored: _Stored) -> TaskState | None:
    """The state that these tell; None where they tell none."""
    if stored.result is not None:
        return state_of_result(task_id, stored.result)
    if stored.status is None:
        return None
    known = _state_of_hash(task_id, stored.status, stored.error)
    return known and with_progress(known, stored.started_at, stored.windows, stored.texts)


def _state_of_hash(task_id: str, status: bytes, error: bytes | None) -> TaskState | None:
    public = PUBLIC_STATUS.get(status)
    if public is None:  # done, and its result was removed: the same as one that has expired
        return None
    if public is not TaskStatus.ERROR:
        return TaskState(task_id=task_id, status=public)
    failure = parse_failure(error) or (
        CANCELLED if status == b"cancelled" else TaskFailure(code="task_failed", message="The task failed.")
    )
    return TaskState(task_id=task_id, status=public, error=failure)
