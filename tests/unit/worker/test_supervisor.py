"""How often a worker that is at work looks for more, and what it does when it is told to stop."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from app.core.config import Settings
from app.core.errors import DeviceLost
from app.housekeeping.outbox_sweep import OutboxSweep
from app.housekeeping.store_binding import StoreBinding
from app.queue.claims import Claim
from app.queue.maintenance import Maintenance
from app.queue.room import Room
from app.queue.troubles import Troubles
from app.schemas.task import Task
from app.worker import supervisor as under_test
from app.worker.disk import DiskWatch
from app.worker.engine_client import EngineClient
from app.worker.folder import FolderWatch
from app.worker.health import Pulse
from app.worker.helper import Helper
from app.worker.pauses import BUSY_CLAIM_SECONDS, LONGEST_BUSY_CLAIM_SECONDS, busy_pause
from app.worker.reporter import Reporter
from app.worker.stage_totals import StageTotals
from app.worker.supervisor import Supervisor
from tests.support.queue import connected
from tests.support.serving import PATIENCE_SECONDS
from tests.support.worker import Bench
from tests.unit.worker.test_engine_client import SMALL_ENGINE, TRANSCRIPT_SETTING, soon
from tests.unit.worker.test_engine_runs import until


@pytest.mark.parametrize(
    ("workers", "seconds"), [(0, 0.1), (1, 0.1), (10, 0.1), (50, 0.5), (100, 1.0), (1000, 1.0)]
)
def test_many_workers_share_the_looks_of_a_few(workers: int, seconds: float) -> None:
    assert busy_pause(workers) == pytest.approx(seconds)
    assert BUSY_CLAIM_SECONDS <= busy_pause(workers) <= LONGEST_BUSY_CLAIM_SECONDS


class Line:
    """A consumer: one task, which ends while the next one is looked for; then the worker is told to stop."""

    def __init__(self) -> None:
        self.workers = 1
        self.looks = 0
        self.may_end, self.ended = asyncio.Event(), asyncio.Event()
        self.supervisor: Supervisor | None = None

    async def claim(self, room: Room, *, wait: bool) -> Claim | None:
        self.looks += 1
        if self.looks == 1:
            return Claim(Task(task_id="t", file_path="t.wav"), b"", "token", 1, 3, 0, 0)
        if self.looks == 2:
            self.may_end.set()
            await self.ended.wait()
            await asyncio.sleep(0.01)
            assert not wait
        else:
            assert wait, "nothing is at work, and it need not ask again and again"
            assert self.supervisor is not None
            self.supervisor.stop()
        return None

    async def run(self, claim: Claim, place: object) -> None:
        await self.may_end.wait()
        self.ended.set()


async def test_a_place_that_gets_free_during_a_look_is_offered_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(under_test, "busy_pause", lambda _: 3600.0)
    line = Line()

    async def start() -> None:
        return

    parts: dict[str, Any] = {
        "consumer": line,
        "runner": line,
        "engine": SimpleNamespace(start=start),
        "disk": SimpleNamespace(has_room=True),
        "reporter": SimpleNamespace(sees_folder=True, unwanted=frozenset()),
        "helper": SimpleNamespace(leave=lambda: None),
        **dict.fromkeys(("commands", "maintenance", "outbox")),
    }
    line.supervisor = Supervisor(Settings(), **parts)

    async with asyncio.timeout(PATIENCE_SECONDS):
        await line.supervisor._claim_until_stopped()

    assert line.looks == 3


class Worker:
    """A whole worker but for its engine process, which is the small one."""

    def __init__(self, bench: Bench, pulses: Path) -> None:
        queue, consumer, settings = bench.queue, bench.consumer, bench.queue.settings
        troubles = Troubles(queue.commands, settings)
        folder = FolderWatch(StoreBinding(queue.commands, settings, bench.storage))
        pulse = Pulse(consumer.worker_id, settings.lease_seconds, pulses)
        stages = StageTotals(consumer.counters)
        self.bench = bench
        self.supervisor = Supervisor(
            settings,
            queue.commands,
            consumer,
            Maintenance(queue.commands, settings),
            OutboxSweep(queue.commands, settings, bench.storage),
            bench.engine,
            bench.runner,
            DiskWatch(settings, bench.storage),
            Reporter(consumer.worker_id, troubles, folder, bench.models, pulse, stages),
            Helper(settings, consumer, bench.runs, bench.models),
        )
        self.running: asyncio.Task[None] | None = None

    async def start(self, *names: str) -> "asyncio.Task[None]":
        """With so many tasks, each of which is at work in the engine process."""
        for name in names:
            await self.bench.accept(name)
        self.running = asyncio.create_task(self.supervisor.run())
        await until(self._has_begun_all(len(names)))
        return self.running

    def _has_begun_all(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def has_begun() -> bool:
            return self.bench.engine.runs >= count

        return has_begun

    async def status(self, name: str) -> str | None:
        return await self.bench.queue.field(name, "status")


@pytest.fixture
async def worker(settings_for: Callable[..., Settings], tmp_path: Path) -> AsyncIterator[Worker]:
    settings = settings_for(
        claim_block_seconds=0.2, heartbeat_seconds=0.1, drain_seconds=3600.0, tasks_in_flight=2
    )
    engine = EngineClient(TRANSCRIPT_SETTING, program=SMALL_ENGINE)
    async with connected(settings) as queue:
        yield Worker(Bench(queue, queue.unregistered("w1"), engine), tmp_path)
    engine.kill()
    await engine.close()


def children() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if "small_engine.py" in " ".join(each.cmdline())]


async def test_a_second_signal_ends_it_at_once_and_its_tasks_go_back(worker: Worker) -> None:
    running = await worker.start("never", "window")
    [engine] = children()
    os.kill(os.getpid(), signal.SIGTERM)
    await until(_logged(worker))
    assert not running.done(), "the tasks have an hour to end"
    os.kill(os.getpid(), signal.SIGTERM)
    await soon(running)
    for name in ("never", "window"):
        assert await worker.bench.counted(name) == ("queued", "0", None)
    assert not engine.is_running()
    assert await worker.bench.queue.reader.live_workers() == []
    assert list(await worker.bench.queue.elements(worker.bench.queue.keys.processing("w1"))) == []


def _logged(worker: Worker) -> Callable[[], Awaitable[bool]]:
    async def is_stopping() -> bool:
        return worker.supervisor._stopping.is_set()

    return is_stopping


async def test_an_idle_worker_ends_at_the_first_signal(worker: Worker) -> None:
    running = await worker.start()
    await until(worker.bench.queue.reader.live_workers)
    os.kill(os.getpid(), signal.SIGINT)
    await soon(running)
    assert children() == []
    assert await worker.bench.queue.reader.live_workers() == []


async def test_an_engine_that_ends_while_the_worker_drains_is_started_again(worker: Worker) -> None:
    """Its tasks have their time still."""
    running = await worker.start("never")
    [engine] = children()
    worker.supervisor.stop()
    worker.bench.engine.kill()

    async def is_at_work_again() -> bool:
        return worker.bench.engine.runs == 1 and bool(children()) and children() != [engine]

    await until(is_at_work_again)
    assert not running.done()
    worker.supervisor.stop()
    await soon(running)
    assert await worker.bench.counted("never") == ("queued", "0", None)


async def test_a_task_that_its_owner_deletes_is_taken_out_and_the_worker_goes_on(worker: Worker) -> None:
    running = await worker.start("never")
    await worker.bench.queue.reader.delete("never", owner=None)

    async def is_gone() -> bool:
        return worker.bench.engine.runs == 0 and "never.json" not in worker.bench.files()

    await until(is_gone)
    await worker.bench.accept("done")

    async def is_done() -> bool:
        return await worker.status("done") == "done"

    await until(is_done)
    worker.supervisor.stop()
    await soon(running)


async def test_a_lost_gpu_ends_the_worker_and_its_tasks_go_back(worker: Worker) -> None:
    """Exit status 69 comes of that: app.worker.main."""
    running = await worker.start("never")
    await worker.bench.accept("device")
    with pytest.raises(DeviceLost, match="handed its tasks back"):
        await soon(running)
    for name in ("never", "device"):
        assert await worker.bench.counted(name) == ("queued", "0", "1")
    assert children() == []


async def test_an_engine_that_does_not_start_leaves_tasks_to_others(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.bench.engine._environment = {"SMALL_ENGINE": "exit"}
    running = await worker.start()
    await worker.bench.accept("done")
    starts = asyncio.Event()
    failed = worker.supervisor._starting_engine.failed

    def count(error: Exception) -> float:
        starts.set()
        return failed(error)

    monkeypatch.setattr(worker.supervisor._starting_engine, "failed", count)
    await soon(starts.wait())
    assert await worker.status("done") == "queued"
    worker.supervisor.stop()
    await soon(running)
