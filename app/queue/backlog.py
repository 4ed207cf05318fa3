"""How much work is left: what waits, what runs, and what waits for another attempt.

Elements come and go by LPUSH, BRPOP and BLMOVE, of foreign programs too, which no script sees: sums kept
beside the lists would drift. They are counted anew each time, in three exchanges with Redis however much
there is, beside those that tell what workers hold; of a long list a sample is read.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from statistics import fmean
from typing import cast

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline

from app.core.config import Settings
from app.queue.cost import costs_in
from app.queue.keys import Keys
from app.queue.payload import parse_task
from app.queue.redis_errors import redis_reachable
from app.schemas.task import Task

SAMPLE, STRETCH = 1000, 10
"""Elements of a list that are read at most; of a longer one, stretches of so many, spread evenly."""

UNKNOWN_SECONDS = 300.0
"""Length that a recording is taken for whose length is not known."""

UNKNOWN_COST = 0.2
"""Seconds of a worker per second of recording where no model has been measured; else the mean of those."""

LEAST_SECONDS = 1.0
"""Work left of any task until it has ended: with none, what is last to do would be done by nobody."""


@dataclass(frozen=True, slots=True)
class Left:
    """`audio_seconds` of recordings that wait, as far as their lengths are known; `work_seconds` of workers
    for all that has not ended."""

    audio_seconds: float
    work_seconds: float


@dataclass(frozen=True, slots=True)
class _Sizes:
    """What the first exchange tells."""

    queue: int
    high: int
    delayed: int
    costs: dict[str, float]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Samples of the two lists, then of what is delayed, each with the size of the whole; what recordings of
    each model cost."""

    samples: tuple[tuple[list[Task | None], int], ...]
    costs: dict[str, float]


class Backlog:
    """Looks at everything that has not ended."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._default_model = settings.default_model
        self._default_trim = settings.default_trim

    async def waiting(self) -> Waiting:
        """What no worker holds. Raises QueueUnavailable.

        It is to be read before what workers hold: a task that is claimed in between then counts twice and,
        where it is the last one, does not look as if nothing were left.
        """
        async with redis_reachable():
            sizes = await self._sizes()
            return Waiting(tuple(await self._samples(sizes)), sizes.costs)

    async def left(self, waiting: Waiting, held: Sequence[bytes]) -> Left:
        """The work that is left: what waits, and the elements that workers hold, those lost included: nobody
        else does that work. Raises QueueUnavailable."""
        async with redis_reachable():
            running = await self._running(_tasks(_spread(held, SAMPLE)), waiting.costs)
        audio = sum(_estimate(map(_known, tasks), size) for tasks, size in waiting.samples[:2])
        work = _estimate(running, len(held))
        for tasks, size in waiting.samples:
            work += _estimate([self._work(task, waiting.costs) for task in tasks], size)
        return Left(round(audio, 1), round(work, 1))

    async def _sizes(self) -> _Sizes:
        keys = self._keys
        async with self._client.pipeline(transaction=False) as pipeline:
            pipeline.llen(keys.queue)
            pipeline.llen(keys.high)
            pipeline.zcard(keys.delayed)
            pipeline.hgetall(keys.cost)
            queue, high, delayed, costs = await pipeline.execute()
        return _Sizes(queue, high, delayed, costs_in(costs))

    async def _samples(self, sizes: _Sizes) -> list[tuple[list[Task | None], int]]:
        keys = self._keys
        async with self._client.pipeline(transaction=False) as pipeline:
            counts = [
                _ask(pipeline, "lrange", keys.queue, sizes.queue),
                _ask(pipeline, "lrange", keys.high, sizes.high),
                _ask(pipeline, "zrange", keys.delayed, sizes.delayed),
            ]
            answers = iter(cast(list[list[bytes]], await pipeline.execute() if any(counts) else []))
        found = [_tasks(chain.from_iterable(islice(answers, count))) for count in counts]
        return list(zip(found, (sizes.queue, sizes.high, sizes.delayed), strict=True))

    async def _running(self, tasks: Sequence[Task | None], costs: dict[str, float]) -> list[float]:
        """Work left of tasks that workers hold, less what their windows have done."""
        if not tasks:
            return []
        async with self._client.pipeline(transaction=False) as pipeline:
            for task in tasks:
                name = task.task_id if task else ""
                pipeline.hmget(self._keys.windows(name), ["processed", "duration"])
            done = cast(list[list[bytes | None]], await pipeline.execute())
        return [
            self._work(task, costs, float(processed or 0), float(duration or 0))
            for task, (processed, duration) in zip(tasks, done, strict=True)
        ]

    def _work(
        self, task: Task | None, costs: dict[str, float], processed: float = 0.0, found: float = 0.0
    ) -> float:
        """Of which so many seconds are done, and whose worker `found` it so long, where it has."""
        if task is None:
            return LEAST_SECONDS  # a worker must come and bury it
        length = found or task.duration or UNKNOWN_SECONDS
        length = min(length, task.trim or self._default_trim or length)
        prior = fmean(costs.values()) if costs else UNKNOWN_COST
        cost = costs.get(task.model or self._default_model, prior)
        return max(LEAST_SECONDS, cost * (length - processed))


def spans(size: int) -> list[tuple[int, int]]:
    """First and last index of what is read of a list of that size: all, or a stretch at a random place in
    each of many equal parts, so that neither order nor rhythm of the list shifts the mean."""
    if size <= SAMPLE:
        return [(0, size - 1)] if size else []
    count = SAMPLE // STRETCH
    parts = [(size * part // count, size * (part + 1) // count) for part in range(count)]
    starts = [random.randint(first, end - STRETCH) for first, end in parts]
    return [(start, start + STRETCH - 1) for start in starts]


def _ask(pipeline: Pipeline, command: str, key: str, size: int) -> int:
    """Ask for the sample of a list; in how many commands."""
    asked = spans(size)
    for first, last in asked:
        getattr(pipeline, command)(key, first, last)
    return len(asked)


def _tasks(payloads: Iterable[bytes]) -> list[Task | None]:
    return [parse_task(payload) for payload in payloads]


def _spread(payloads: Sequence[bytes], most: int) -> list[bytes]:
    """At most so many, evenly from all."""
    size = len(payloads)
    return list(payloads) if size <= most else [payloads[size * n // most] for n in range(most)]


def _known(task: Task | None) -> float:
    return (task.duration or 0.0) if task else 0.0


def _estimate(sample: Iterable[float], size: int) -> float:
    """Sum of the whole; exact where all of it is in the sample."""
    figures = list(sample)
    return fmean(figures) * size if figures else 0.0
