"""What an operator looks at and repairs: the queue, its workers, dead letters, tasks that are nowhere."""

import hashlib
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import to_ms
from app.queue.keys import Keys
from app.queue.outcomes import ReviveOutcome
from app.queue.payload import parse_created_at, parse_failure, parse_task_id
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.scan import scan_names
from app.queue.scripts import Scripts
from app.queue.troubles import troubles_in
from app.schemas.operations import WorkerTroubles
from app.schemas.task import TaskFailure

SCAN_LIMIT_SECONDS = 120.0
UNFINISHED = frozenset({b"queued", b"retrying", b"processing"})


@dataclass(frozen=True, slots=True)
class QueueOverview:
    """Tasks by where they are; `oldest_seconds` is the age of the one next in line, None where none waits."""

    waiting: int
    high: int
    delayed: int
    dead: int
    oldest_seconds: float | None


@dataclass(frozen=True, slots=True)
class WorkerHoldings:
    """A worker, the seconds left of its lease (negative: lost), the elements it holds, what it cannot use."""

    worker_id: str
    lease_seconds_left: float
    payloads: tuple[bytes, ...]
    troubles: WorkerTroubles

    @property
    def task_ids(self) -> tuple[str, ...]:
        """The tasks that it holds; a digest stands for an element that names none."""
        return tuple(_reference(payload) for payload in self.payloads)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A task that was given up. `reference` names it: its task id or, where it has none, a digest."""

    reference: str
    payload: bytes
    task_id: str | None
    failure: TaskFailure | None
    attempts: int
    finished_at: float | None


class Admin:
    """The operator's functions; every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))

    async def overview(self) -> QueueOverview:
        """How much waits, and for how long."""
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.llen(self._keys.queue)
            pipeline.llen(self._keys.high)
            pipeline.zcard(self._keys.delayed)
            pipeline.llen(self._keys.dead)
            pipeline.lindex(self._keys.queue, -1)
            pipeline.lindex(self._keys.high, -1)
            waiting, high, delayed, dead, *next_ones = await pipeline.execute()
        oldest = await self._oldest_seconds([element for element in next_ones if element])
        return QueueOverview(waiting, high, delayed, dead, oldest)

    async def workers(self) -> list[WorkerHoldings]:
        """All workers that Redis knows, those lost included, and what each holds; of the living what they
        cannot use. Two exchanges with Redis, however many there are."""
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(self._keys.troubles)
            pipeline.time()
            pipeline.zrange(self._keys.workers, 0, -1, withscores=True)
            told, time, leases = await pipeline.execute()
            ends = {name.decode(): end for name, end in cast(list[tuple[bytes, float]], leases)}
            for name in ends:
                pipeline.lrange(self._keys.processing(name), 0, -1)
            lists = cast(list[list[bytes]], await pipeline.execute() if ends else [])
        now = to_ms(time)
        return [
            WorkerHoldings(
                worker_id=name,
                lease_seconds_left=(end - now) / 1000,
                payloads=tuple(held),
                troubles=troubles_in(told.get(name.encode()) if end > now else None),
            )
            for (name, end), held in zip(ends.items(), lists, strict=True)
        ]

    async def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters."""
        async with redis_reachable():
            payloads = await self._client.lrange(self._keys.dead, 0, limit - 1)
            return [await self._letter(payload) for payload in cast(list[bytes], payloads)]

    async def dead_letter(self, reference: str) -> DeadLetter | None:
        """The dead letter of that reference, or None."""
        async with redis_reachable():
            payload = await self._dead_payload(reference)
            return await self._letter(payload) if payload is not None else None

    async def requeue(self, reference: str) -> ReviveOutcome | None:
        """Queue a dead letter, or a task that `audit` named, anew with all its attempts.

        None where there is neither, or where it names no task.
        """
        async with redis_reachable():
            payload = await self._dead_payload(reference)
            if payload is None:
                stored = await self._client.hget(self._keys.task(reference), "payload")
                payload = cast(bytes | None, stored)
            task_id = parse_task_id(payload) if payload is not None else None
            if payload is None or task_id is None:
                return None
            return await self._scripts.revive(task_id, payload)

    async def drop(self, reference: str) -> bool:
        """Remove a dead letter; False where there is none. What its client is told stays until it expires."""
        async with redis_reachable():
            payload = await self._dead_payload(reference)
            return payload is not None and bool(
                await self._client.lrem(self._keys.dead, 1, cast(str, payload))
            )

    async def audit(self) -> list[str]:
        """Ids of tasks that should wait or run but lie in no list, e.g. taken by a foreign worker that died.

        Reads all hashes, and the lists twice, because a task may move while it is looked for.
        """
        async with redis_reachable(SCAN_LIMIT_SECONDS):
            keys = scan_names(self._client, self._keys.task_prefix)
            suspects = [task_id async for task_id in keys if await self._is_unfinished(task_id)]
            for _ in range(2):
                present = await self._everywhere() if suspects else set()
                suspects = [task_id for task_id in suspects if task_id not in present]
            return sorted([task_id for task_id in suspects if await self._is_unfinished(task_id)])

    async def _is_unfinished(self, task_id: str) -> bool:
        return await self._client.hget(self._keys.task(task_id), "status") in UNFINISHED

    async def _everywhere(self) -> set[str]:
        """Ids of all tasks that lie in some list."""
        names = scan_names(self._client, self._keys.processing_prefix)
        lists = [self._keys.queue, self._keys.high, *[self._keys.processing(name) async for name in names]]
        elements = cast(list[bytes], await self._client.zrange(self._keys.delayed, 0, -1))
        for name in lists:
            elements += cast(list[bytes], await self._client.lrange(name, 0, -1))
        return {_reference(element) for element in elements}

    async def _dead_payload(self, reference: str) -> bytes | None:
        payloads = cast(list[bytes], await self._client.lrange(self._keys.dead, 0, -1))
        return next((payload for payload in payloads if _reference(payload) == reference), None)

    async def _letter(self, payload: bytes) -> DeadLetter:
        task_id = parse_task_id(payload)
        fields = ["error", "attempts", "finished_at"]
        values = await self._client.hmget(self._keys.task(task_id), fields) if task_id else [None] * 3
        error, attempts, finished_at = cast(list[bytes | None], values)
        return DeadLetter(
            reference=_reference(payload),
            payload=payload,
            task_id=task_id,
            failure=parse_failure(error),
            attempts=int(attempts or 0),
            finished_at=int(finished_at) / 1000 if finished_at else None,
        )

    async def _oldest_seconds(self, elements: list[bytes]) -> float | None:
        """Age of the oldest of these, None where no age is known."""
        if not elements:
            return None
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.time()
            for element in elements:
                pipeline.hget(self._keys.task(parse_task_id(element) or ""), "created_at")
            time, *stored = await pipeline.execute()
        # By the clock of Redis, where that was noted: those of the hosts may differ.
        created = [
            int(noted) / 1000 if noted else parse_created_at(element)
            for element, noted in zip(elements, stored, strict=True)
        ]
        ages = [max(0.0, to_ms(time) / 1000 - at) for at in created if at is not None]
        return max(ages, default=None)


def _reference(payload: bytes) -> str:
    return parse_task_id(payload) or f"sha256:{hashlib.sha256(payload).hexdigest()[:16]}"
