"""What is before a waiting task: its place in line, and how long that takes at the pace of late."""

import time
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.elements import task_of
from app.queue.guard import redis_reachable
from app.queue.keys import Keys
from app.queue.pace import Pace
from app.schemas.task import Task

DEPTH = 1000
"""Tasks next in line that are told their place."""

FRESH_SECONDS, STALE_SECONDS = 0.25, 2.0
"""A picture of the line is taken anew at these ages: where a task is missing in it; always."""


@dataclass(frozen=True, slots=True)
class Place:
    """Place in line, from 1, and seconds until the task is done; None where nothing is known of the pace."""

    position: int
    eta_seconds: float | None


class Outlook:
    """Looks at the line for all who ask, once in a while."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._default_model = settings.default_model
        self._pace = Pace(client, settings)
        self._places: dict[str, Place] = {}
        self._audio_seconds = 0.0
        self._taken_at = -STALE_SECONDS

    async def place_of(self, task_id: str) -> Place | None:
        """Where that task is; None where it is not among the next DEPTH. Raises QueueUnavailable."""
        await self._look_after(STALE_SECONDS if task_id in self._places else FRESH_SECONDS)
        return self._places.get(task_id)

    async def audio_seconds(self) -> float:
        """Seconds of the recordings that wait, as far as their lengths are known. Raises QueueUnavailable."""
        await self._look_after(STALE_SECONDS)
        return self._audio_seconds

    async def _look_after(self, seconds: float) -> None:
        if time.monotonic() - self._taken_at > seconds:
            self._taken_at = time.monotonic()
            self._places = await self._look()

    async def _look(self) -> dict[str, Place]:
        pace = await self._pace.by_model()
        async with redis_reachable(), self._client.pipeline(transaction=False) as pipeline:
            pipeline.lrange(self._keys.high, -DEPTH, -1)
            pipeline.lrange(self._keys.queue, -DEPTH, -1)
            pipeline.zrange(self._keys.workers, 0, -1)
            high, normal, workers = cast(list[list[bytes]], await pipeline.execute())
            for worker in workers:
                pipeline.llen(self._keys.processing(worker.decode()))
            at_work = max(1, sum(await pipeline.execute()) if workers else 0)
        line = [task_of(payload) for payload in [*reversed(high), *reversed(normal)][:DEPTH]]
        self._audio_seconds = sum((task.duration or 0.0) for task in line if task is not None)
        return self._placed(line, pace, at_work)

    def _placed(self, line: list[Task | None], pace: dict[str, float], at_work: int) -> dict[str, Place]:
        """As many are worked on at a time as are now: each task takes the place of one that has ended."""
        places: dict[str, Place] = {}
        seconds: float | None = 0.0
        for position, task in enumerate(line, 1):
            if task is None:
                continue
            work = self._work_seconds(task, pace)
            seconds = None if seconds is None or work is None else seconds + work / at_work
            places[task.task_id] = Place(position, None if seconds is None else round(seconds, 1))
        return places

    def _work_seconds(self, task: Task, pace: dict[str, float]) -> float | None:
        factor = pace.get(task.model or self._default_model)
        if factor is None or task.duration is None:
            return None
        return factor * min(task.duration, task.trim or task.duration)
