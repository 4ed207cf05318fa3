"""A burst of recordings, and workers that come and go by `transcriber_work_seconds` as KEDA would have them.

    python3 -m tests.faults.autoscaling --tasks 40 --most 6

The metric is that of a real API over a real queue; workers are real processes with the fake engine, removed
as Kubernetes removes pods: SIGTERM to one of them, here always to the busiest, and time to end what it has.
Every recording is an hour long and done in seconds: times are those of a cluster divided by ten or more.
"""

import asyncio
import math
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, cast

import httpx2
import typer
from prometheus_client.parser import text_string_to_metric_families

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.queue.cost import Cost
from app.schemas.task import TaskStatus
from tests.faults.harness import QUICK, Service, Worker, running_service

METRIC = "transcriber_work_seconds"

AUDIO_SECONDS, WINDOWS = 3600.0, 6
"""Of each recording."""

TOGETHER = 2
"""Recordings that a worker does at a time."""

SCALING = QUICK | {
    "drain_seconds": 60.0,
    "tasks_in_flight": TOGETHER,
    "high_slots": 0,
    "short_slots": 0,
    "claim_block_seconds": 0.2,
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What a ScaledObject says, and its HPA: `target` seconds of work for each worker. A recording takes
    `task_seconds`."""

    target: float
    most: int
    task_seconds: float = 6.0
    poll_seconds: float = 1.0
    stabilization_seconds: float = 4.0
    cooldown_seconds: float = 4.0


@dataclass(slots=True)
class Scaler:
    """Workers for a figure, as KEDA 2.20 and the HPA have it: from zero and to zero KEDA decides, between the
    HPA, by ceil(figure / target), of which the highest of late counts where it goes down."""

    rules: Rules
    _recent: deque[tuple[float, int]] = field(default_factory=deque)
    _active_at: float = -math.inf

    def wanted(self, figure: float, now: float, workers: int) -> int:
        """How many workers there should be."""
        if figure > 0:
            self._active_at = now
        elif now - self._active_at > self.rules.cooldown_seconds:
            self._recent.clear()
            return 0
        if workers == 0:
            return 1 if figure > 0 else 0
        needed = min(self.rules.most, max(1, math.ceil(figure / self.rules.target)))
        # Without the HPA's tolerance, and its pace upwards of a doubling every 15 s.
        self._recent.append((now, needed))
        while now - self._recent[0][0] > self.rules.stabilization_seconds:
            self._recent.popleft()
        return max(needed, min(workers, max(count for _, count in self._recent)))


@dataclass(frozen=True, slots=True)
class Moment:
    """What was seen at one poll; `ending` workers have had SIGTERM."""

    seconds: float
    work: float
    waiting: int
    running: int
    workers: int
    ending: int
    wanted: int


@dataclass(slots=True)
class Story:
    """All that happened; `removed` tells what each worker held when it was told to go."""

    moments: list[Moment] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)
    executions: list[int] = field(default_factory=list)
    attempts_failed: float = 0.0

    @property
    def most_workers(self) -> int:
        """At a time."""
        return max(moment.workers for moment in self.moments)

    def table(self) -> list[str]:
        """As Markdown."""
        rows = ["| s | work s | waiting | running | workers | ending | wanted |", "| --- " * 7 + "|"]
        for each in self.moments:
            figures = (each.waiting, each.running, each.workers, each.ending, each.wanted)
            rows.append(f"| {each.seconds:.0f} | {each.work:.0f} | {' | '.join(map(str, figures))} |")
        return rows


class Cluster:
    """Runs workers as a scaler wants them, until there is no work and no worker left."""

    def __init__(self, service: Service, client: httpx2.AsyncClient, rules: Rules) -> None:
        self._service = service
        self._client = client
        self._rules = rules
        self._scaler = Scaler(rules)
        self._workers: list[Worker] = []
        self._ending: list[Worker] = []

    async def run(self, tasks: list[str], tell: Callable[[str], None]) -> Story:
        """A burst, from no worker to none."""
        story, began = Story(), time.monotonic()
        while True:
            now = time.monotonic() - began
            figures = await self._figures()
            wanted = self._scaler.wanted(figures[METRIC], now, len(self._workers))
            story.moments.append(self._moment(now, figures, wanted))
            tell(story.table()[-1])
            if now > 1 and not wanted and not self._workers and not self._ending:
                break
            await self._scale(wanted, story)
            await asyncio.sleep(self._rules.poll_seconds)
        states = await self._service.ended(tasks)
        assert all(state.status is TaskStatus.DONE for state in states.values())
        story.executions = [self._service.executions(task) for task in tasks]
        story.attempts_failed = figures["transcriber_attempts_failed_total"]
        return story

    def _moment(self, now: float, figures: dict[str, float], wanted: int) -> Moment:
        waiting, running = (
            int(figures[f"transcriber_queue_tasks.{place}"]) for place in ("waiting", "running")
        )
        return Moment(now, figures[METRIC], waiting, running, len(self._workers), len(self._ending), wanted)

    async def _figures(self) -> dict[str, float]:
        """As KEDA reads them: the first sample of a name without labels; and tasks by place."""
        text = (await self._client.get("/metrics")).text
        return {
            ".".join((sample.name, *sample.labels.values())): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def _scale(self, wanted: int, story: Story) -> None:
        for _ in range(wanted - len(self._workers)):
            self._workers.append(self._service.start_worker())
        for _ in range(len(self._workers) - wanted):
            held = await self._held()
            victim = max(self._workers, key=lambda worker: held.get(worker.pid, 0))
            self._workers.remove(victim)
            self._ending.append(victim)
            story.removed.append(held.get(victim.pid, 0))
            victim.signal(signal.SIGTERM)
        self._ending = [worker for worker in self._ending if worker.process.poll() is None]

    async def _held(self) -> dict[int, int]:
        """Tasks in the hands of each worker, by its process id, which is in its name."""
        holdings = await self._service.admin.workers()
        return {int(each.worker_id.split("-")[-2]): len(each.task_ids) for each in holdings}


async def burst(
    settings: Settings, folder: Path, tasks: int, rules: Rules, tell: Callable[[str], None] = lambda _: None
) -> Story:
    """What becomes of so many recordings that come at once while no worker runs."""
    async with running_service(settings, folder) as service, service.api() as client:
        # What a recording costs is known from yesterday.
        cost = Cost(service.client, settings)
        await cost.note("base", rules.task_seconds / TOGETHER, AUDIO_SECONDS)
        ids = [await accepted(service, rules.task_seconds) for _ in range(tasks)]
        return await Cluster(service, client, rules).run(ids, tell)


async def accepted(service: Service, seconds: float) -> str:
    """One recording in the queue, that takes so long."""
    task = service.new_task(seconds=seconds, windows=WINDOWS, duration=AUDIO_SECONDS)
    task = task.model_copy(update={"duration": AUDIO_SECONDS})
    await asyncio.to_thread(service.storage.outbox.save, task)
    await service.producer.enqueue(task)
    return task.task_id


def main(
    tasks: Annotated[int, typer.Option(help="Recordings of the burst.")] = 40,
    most: Annotated[int, typer.Option(help="Workers at most.")] = 6,
    target: Annotated[float, typer.Option(help="Seconds of work for each worker.")] = 15.0,
    task_seconds: Annotated[float, typer.Option(help="Seconds that a recording takes.")] = 6.0,
) -> None:
    """Tell a burst as a table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = RedisServer(folder / "redis", free_port())
        server.start()
        values = SCALING | {"redis_host": "127.0.0.1", "redis_port": server.port, "min_free_disk_mb": 0}
        folders = {each: folder / each for each in ("upload_dir", "log_dir", "cache_dir")}
        settings = Settings(**cast(dict[str, object], values | folders))  # type: ignore[arg-type]
        typer.echo("\n".join(Story().table()))
        try:
            story = asyncio.run(burst(settings, folder, tasks, Rules(target, most, task_seconds), typer.echo))
        finally:
            server.stop()
    typer.echo(
        f"\n{tasks} recordings done, {sum(story.executions) - tasks} of them begun again; "
        f"{len(story.removed)} workers removed, {sum(held > 0 for held in story.removed)} of them busy; "
        f"attempts failed: {story.attempts_failed:.0f}"
    )


if __name__ == "__main__":
    typer.run(main)
