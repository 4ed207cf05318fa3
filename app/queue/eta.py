"""What is before a waiting task: its place in line, and how long that takes at the pace of late."""

import time
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.forecast import Kept, Work, ends
from app.queue.keys import Keys
from app.queue.pace import Pace
from app.queue.payload import task_of
from app.queue.redis_errors import redis_reachable
from app.queue.room import is_short
from app.schemas.task import Priority, Task

DEPTH = 1000
"""Tasks next in line that are told their place."""

FRESH_SECONDS, STALE_SECONDS = 0.25, 2.0
"""A picture of the line is taken anew at these ages: where a task is missing in it; always."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place in line, from 1, and seconds until the task is done; None where nothing is known of the pace."""

    position: int
    eta_seconds: float | None


class EtaEstimator:
    """Looks at the line for all who ask, once in a while."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._default_model = settings.default_model
        self._high_slots, self._short_slots = settings.high_slots, settings.short_slots
        self._short_seconds = settings.short_seconds
        self._pace = Pace(client, settings)
        self._places: dict[str, Place] = {}
        self._taken_at = -STALE_SECONDS

    async def place_of(self, task_id: str) -> Place | None:
        """Where that task is; None where it is not among the next DEPTH. Raises QueueUnavailable."""
        await self._look_after(STALE_SECONDS if task_id in self._places else FRESH_SECONDS)
        return self._places.get(task_id)

    async def _look_after(self, seconds: float) -> None:
        if time.monotonic() - self._taken_at > seconds:
            self._taken_at = time.monotonic()
            self._places = await self._look()

    async def _look(self) -> dict[str, Place]:
        pace = await self._pace.by_model()
        async with redis_reachable():
            now = await now_ms(self._client)
            async with self._client.pipeline(transaction=False) as pipeline:
                pipeline.lrange(self._keys.high, -DEPTH, -1)
                pipeline.lrange(self._keys.queue, -DEPTH, -1)
                pipeline.zrangebyscore(self._keys.workers, now, "+inf")
                high, normal, workers = cast(list[list[bytes]], await pipeline.execute())
            running = await self._running(workers, pace)
        line = [task_of(payload) for payload in [*reversed(high), *reversed(normal)][:DEPTH]]
        kept = Kept(self._high_slots * len(workers), self._short_slots * len(workers))
        waiting = [(number, task) for number, task in enumerate(line, 1) if task is not None]
        times = ends(running, [self._work(task, pace) for _, task in waiting], kept)
        return {
            task.task_id: Place(number, None if seconds is None else round(seconds, 1))
            for (number, task), seconds in zip(waiting, times, strict=True)
        }

    async def _running(self, workers: list[bytes], pace: dict[str, float]) -> list[Work]:
        """What is left of the recordings that are transcribed now; what is fetched takes no place yet."""
        async with self._client.pipeline(transaction=False) as pipeline:
            for worker in workers:
                pipeline.lrange(self._keys.processing(worker.decode()), 0, -1)
            lists = await pipeline.execute() if workers else []
            held = [task_of(payload) for payloads in lists for payload in payloads]
            tasks = [task for task in held if task is not None][:DEPTH]
            for task in tasks:
                pipeline.hmget(self._keys.windows(task.task_id), ["processed", "duration"])
            done = await pipeline.execute() if tasks else []
        return [
            self._work(task, pace, duration=_number(duration), processed=_number(processed) or 0.0)
            for task, (processed, duration) in zip(tasks, done, strict=True)
            if task.url is None or processed is not None
        ]

    def _work(
        self, task: Task, pace: dict[str, float], duration: float | None = None, processed: float = 0.0
    ) -> Work:
        """What is left of a task of which so many seconds are done; `duration` is what its worker found."""
        factor, known = pace.get(task.model or self._default_model), duration or task.duration
        length = min(known, task.trim or known) if known is not None else None
        return Work(
            seconds=None if factor is None or length is None else factor * max(0.0, length - processed),
            is_short=is_short(task, self._short_seconds),
            is_high=task.priority is Priority.HIGH,
        )


def _number(stored: bytes | None) -> float | None:
    return float(stored) if stored else None
