"""Clients that send recordings when their time has come, and wait for the results."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import numpy as np

from benchmark.load.arrivals import Arrivals
from benchmark.load.mix import Sample, drawn

WAIT_SECONDS = 30
"""Time that the service may hold a question back until there is something to say."""


@dataclass(frozen=True, slots=True)
class Trip:
    """One recording; `sent` and `done` in seconds since the start, `error` a sentence where it failed."""

    seconds: float
    sent: float
    done: float
    error: str | None = None

    @property
    def taken(self) -> float:
        """Seconds from the first byte sent to the answer `done`."""
        return self.done - self.sent


@dataclass(frozen=True, slots=True)
class Plan:
    """A load: for `scale` workers, during `seconds`."""

    arrivals: Arrivals
    samples: tuple[Sample, ...]
    seconds: float
    scale: int = 1
    model: str | None = None
    seed: int = 0


async def drive(url: str, plan: Plan) -> list[Trip]:
    """Send recordings for so long, and wait until all that were sent have ended."""
    random = np.random.default_rng(plan.seed)
    samples = drawn(plan.samples, random)
    times = plan.arrivals.times(plan.scale, plan.seconds, random)
    clients = plan.arrivals.clients(plan.scale)
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=url, timeout=WAIT_SECONDS + 60, limits=limits) as client:
        load = _Load(client, plan, samples, time.perf_counter())
        await asyncio.gather(
            *(load.open_client(at) for at in times),
            *(load.closed_client(place / max(1, clients)) for place in range(clients)),
        )
    return sorted(load.trips, key=lambda trip: trip.sent)


class _Load:
    """The trips of one load."""

    def __init__(
        self, client: httpx2.AsyncClient, plan: Plan, samples: Iterator[Sample], started: float
    ) -> None:
        self._client = client
        self._plan = plan
        self._samples = samples
        self._started = started
        self.trips: list[Trip] = []

    async def open_client(self, at: float) -> None:
        """One recording at its time, whatever became of the others."""
        await asyncio.sleep(at - self._now())
        await self._travel(next(self._samples))

    async def closed_client(self, delay: float) -> None:
        """One recording after another until the time is over; clients do not all begin at once."""
        await asyncio.sleep(min(delay, self._plan.seconds / 10))
        while self._now() < self._plan.seconds:
            await self._travel(next(self._samples))

    async def _travel(self, sample: Sample) -> None:
        sent = self._now()
        try:
            error = await self._ended(await self._post(sample))
        except (httpx2.HTTPError, ValueError, KeyError) as failure:
            error = f"{type(failure).__name__}: {failure}"
            await asyncio.sleep(1)  # a client who was refused does not ask again at once
        self.trips.append(Trip(sample.seconds, sent, self._now(), error))

    async def _post(self, sample: Sample) -> str:
        content = await asyncio.to_thread(sample.path.read_bytes)
        answer = await self._client.post(
            "/transcribe/",
            params={"model": self._plan.model} if self._plan.model else {},
            files={"file": (sample.path.name, content)},
        )
        return str(answer.raise_for_status().json()["task_id"])

    async def _ended(self, task_id: str) -> str | None:
        while True:
            answer = await self._client.get(f"/transcribe/{task_id}", params={"wait": WAIT_SECONDS})
            state: dict[str, Any] = answer.json()
            if state["status"] == "done":
                return None
            if state["status"] == "error":
                return str(state["error"]["message"])

    def _now(self) -> float:
        return time.perf_counter() - self._started
