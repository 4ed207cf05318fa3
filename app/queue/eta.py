"""When a waiting task will be done: its position in the queue, and the real-time factors of late.

Workers note the factors, the API computes the times (`app.queue.forecast`).
"""

import time
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.forecast import Kept, Work, ends
from app.queue.keys import Keys
from app.queue.payload import parse_task
from app.queue.redis_errors import redis_or_not, redis_reachable
from app.queue.room import is_short
from app.schemas.task import Priority, Task

DEPTH = 1000
"""Tasks next in line whose position is told."""

FRESH_SECONDS, STALE_SECONDS = 0.25, 2.0
"""Ages at which the queue is looked at again: where a task was not found in it; in any case."""

WEIGHT_OF_NEW = 0.2
"""Of the newest figure in the moving average."""


class RealTimeFactors:
    """The real-time factor of each model: seconds of work for a second of recording, beside other tasks."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._key = Keys.from_settings(settings).pace

    async def note(self, model: str, real_time_factor: float) -> None:
        """Add a task's factor to the moving average. One that is lost where two come at once, or that Redis
        refuses, does no harm."""
        async with redis_or_not(f"The real-time factor of {model} is not noted"):
            before = cast(bytes | None, await self._client.hget(self._key, model))
            old = float(before) if before else real_time_factor
            new = old + WEIGHT_OF_NEW * (real_time_factor - old)
            await self._client.hset(self._key, model, f"{new:.5f}")

    async def by_model(self) -> dict[str, float]:
        """The moving averages. Raises QueueUnavailable."""
        async with redis_reachable():
            stored = cast(dict[bytes, bytes], await self._client.hgetall(self._key))
        return {model.decode(): float(figure) for model, figure in stored.items()}


@dataclass(frozen=True, slots=True)
class QueuePosition:
    """Position in the queue, from 1, and seconds until the task is done, or None where that is not known."""

    position: int
    eta_seconds: float | None


class EtaEstimator:
    """Computes positions and times from one look at the queue, which serves all requests for a while."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._default_model = settings.default_model
        self._high_slots, self._short_slots = settings.high_slots, settings.short_slots
        self._short_seconds = settings.short_seconds
        self._factors = RealTimeFactors(client, settings)
        self._positions: dict[str, QueuePosition] = {}
        self._taken_at = -STALE_SECONDS

    async def position(self, task_id: str) -> QueuePosition | None:
        """Of that task; None where it is not among the next DEPTH. Raises QueueUnavailable."""
        await self._look_after(STALE_SECONDS if task_id in self._positions else FRESH_SECONDS)
        return self._positions.get(task_id)

    async def _look_after(self, seconds: float) -> None:
        if time.monotonic() - self._taken_at > seconds:
            self._taken_at = time.monotonic()
            self._positions = await self._look()

    async def _look(self) -> dict[str, QueuePosition]:
        factors = await self._factors.by_model()
        async with redis_reachable():
            now = await now_ms(self._client)
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.lrange(self._keys.high, -DEPTH, -1)
                pipeline.lrange(self._keys.queue, -DEPTH, -1)
                pipeline.zrangebyscore(self._keys.workers, now, "+inf")
                high, normal, workers = cast(list[list[bytes]], await pipeline.execute())
            running = await self._running(workers, factors)
        line = [parse_task(payload) for payload in [*reversed(high), *reversed(normal)][:DEPTH]]
        kept = Kept(self._high_slots * len(workers), self._short_slots * len(workers))
        waiting = [(number, task) for number, task in enumerate(line, 1) if task is not None]
        times = ends(running, [self._work(task, factors) for _, task in waiting], kept)
        return {
            task.task_id: QueuePosition(number, None if seconds is None else round(seconds, 1))
            for (number, task), seconds in zip(waiting, times, strict=True)
        }

    async def _running(self, workers: list[bytes], factors: dict[str, float]) -> list[Work]:
        """What is left of the recordings that are transcribed now; what is fetched takes no place yet."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for worker in workers:
                pipeline.lrange(self._keys.processing(worker.decode()), 0, -1)
            lists = await pipeline.execute() if workers else []
            held = [parse_task(payload) for payloads in lists for payload in payloads]
            tasks = [task for task in held if task is not None][:DEPTH]
            for task in tasks:
                pipeline.hmget(self._keys.windows(task.task_id), ["processed", "duration"])
            done = await pipeline.execute() if tasks else []
        return [
            self._work(task, factors, duration=_number(duration), processed=_number(processed) or 0.0)
            for task, (processed, duration) in zip(tasks, done, strict=True)
            if task.url is None or processed is not None
        ]

    def _work(
        self, task: Task, factors: dict[str, float], duration: float | None = None, processed: float = 0.0
    ) -> Work:
        """What is left of a task of which so many seconds are done; `duration` is what its worker found."""
        factor, known = factors.get(task.model or self._default_model), duration or task.duration
        length = min(known, task.trim or known) if known is not None else None
        return Work(
            seconds=None if factor is None or length is None else factor * max(0.0, length - processed),
            is_short=is_short(task, self._short_seconds),
            is_high=task.priority is Priority.HIGH,
        )


def _number(stored: bytes | None) -> float | None:
    return float(stored) if stored else None
