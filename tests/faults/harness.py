"""A whole service for fault tests: a real Redis, real worker processes, the fake engine, real signals.

Recordings are JSON files that tell the fake engine what to do (see app/asr/backends/fake.py); it also keeps a
journal per task, from which executions are counted.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import httpx2

from app.core.config import Settings
from app.core.errors import QueueUnavailable
from app.housekeeping.outbox_sweep import OutboxSweep, StorageLookup
from app.launcher.redis_server import free_port
from app.queue.admin import Admin
from app.queue.clients import command_client
from app.queue.counters import Counters
from app.queue.keys import Keys
from app.queue.maintenance import Maintenance
from app.queue.outcomes import DeleteOutcome
from app.queue.producer import Producer
from app.queue.reader import TaskReader
from app.queue.scripts import script_sources
from app.schemas.task import Task, TaskState, TaskStatus
from app.storage.opening import open_storage
from tests.support.places import Place, files_of, folder_of, is_plain
from tests.support.processes import ROOT, environment_of
from tests.support.serving import PATIENCE_SECONDS

POLL_SECONDS = 0.05

QUICK = {
    "engine": "fake",
    "lease_seconds": 2.0,
    "heartbeat_seconds": 0.4,
    "maintenance_seconds": 0.4,
    "claim_block_seconds": 0.5,
    "drain_seconds": 1.0,
    "retry_backoff_seconds": 0.2,
    "keep_ended_seconds": 2.0,
    "archive": False,  # of most services here no API runs, for which ended tasks would wait
    "log_level": "INFO",
}
"""Settings under which a lost worker is noticed within seconds."""


class Worker:
    """One worker process, and the engine process below it."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    @property
    def pid(self) -> int:
        """Process id of the supervisor."""
        return self.process.pid

    def engine_pids(self) -> list[int]:
        """Process ids of the supervisor's children."""
        listing = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True, check=False
        )
        return [int(pid) for pid in listing.stdout.split()]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the supervisor."""
        self.process.send_signal(number)

    def signal_all(self, number: int) -> None:
        """Send a signal to the supervisor and to its engine process."""
        for pid in (self.pid, *self.engine_pids()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill_all(self) -> None:
        """The machine goes down: nobody says anything any more."""
        self.signal_all(signal.SIGKILL)

    def kill_engine(self) -> None:
        """kill -9 of the engine process."""
        for pid in self.engine_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def ended(self, timeout_seconds: float = 30.0) -> int:
        """Exit status, once it has ended."""
        return await asyncio.to_thread(self.process.wait, timeout_seconds)


def process_exists(pid: int) -> bool:
    """Whether a process of that id runs (a zombie does not)."""
    listing = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(listing.stdout.strip()) and not listing.stdout.strip().startswith("Z")


def marker_of(command: str) -> bytes:
    """What the wire shows of a command or of a script: its name, or the SHA-1 by which EVALSHA names it."""
    source = script_sources().get(command)
    return hashlib.sha1(source.encode()).hexdigest().encode() if source else command.encode()


class Service:
    """Queue and workers of one test."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.workers: list[Worker] = []
        self._apis: list[subprocess.Popen[bytes]] = []
        self.client = command_client(settings)
        self.storage = open_storage(settings)
        self.outbox = OutboxSweep(self.client, settings, self.storage)
        self.maintenance = Maintenance(self.client, settings)
        self.producer = Producer(self.client, settings)
        self.reader = TaskReader(self.client, settings, StorageLookup(self.storage))
        self.admin = Admin(self.client, settings)
        self.keys = Keys.from_settings(settings)

    @property
    def recordings(self) -> Place:
        """Where they lie."""
        return folder_of(self.settings)

    def environment(self, overrides: dict[str, str] | None = None) -> dict[str, str]:
        """The settings as environment variables of a child process."""
        of_python = {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "default"}
        return environment_of(self.settings) | of_python | (overrides or {})

    def start_worker(self, program: Iterable[str] = ("worker.py",), **overrides: str) -> Worker:
        """Start a worker process; keyword arguments are environment variables of its own."""
        worker = Worker(self._start(program, overrides))
        self.workers.append(worker)
        return worker

    def start_api(self, **overrides: str) -> int:
        """Start a real API with these environment variables of its own; the port it listens on."""
        port = free_port()
        self._apis.append(self._start(("-m", "uvicorn", "main:app", "--port", str(port)), overrides))
        return port

    async def doomed_api(self) -> str:
        """An API that is killed at the first upload; its address, once it answers."""
        port = free_port()
        self._apis.append(self._start(("-m", "tests.faults.doomed_api", str(port)), {}))
        address = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS) as client:
            await self.until(lambda: _answers(client), 60)
        return address

    def _start(self, program: Iterable[str], overrides: dict[str, str]) -> "subprocess.Popen[bytes]":
        with (self.folder / "stderr.txt").open("ab") as errors:
            return subprocess.Popen(
                [sys.executable, *program],
                cwd=ROOT,
                env=self.environment(overrides),
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )

    @contextlib.asynccontextmanager
    async def api(self, **overrides: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A real API that answers, with these environment variables of its own, and a client of it."""
        address = f"http://127.0.0.1:{self.start_api(**overrides)}"
        async with httpx2.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS) as client:
            await self.until(lambda: _answers(client), 60)
            yield client

    async def alive(self, count: int) -> None:
        """Wait until that many workers hold a lease."""
        await self.until(lambda: self._alive(count), PATIENCE_SECONDS)

    async def _alive(self, count: int) -> bool:
        return len(await self.reader.live_workers()) >= count

    async def accept(self, **recording: Any) -> str:
        """Take a recording for the fake engine as the API does, with its note; its task id.

        Raises QueueUnavailable, and then leaves a tombstone as the API does.
        """
        task = self.new_task(**recording)
        await asyncio.to_thread(self.storage.outbox.save, task)
        try:
            await self.producer.enqueue(task)
        except QueueUnavailable:
            await asyncio.to_thread(self.storage.discard, task)
            raise
        return task.task_id

    async def accept_and_end(self, **recording: Any) -> TaskState:
        """The same, and its state once it has ended."""
        task_id = await self.accept(**recording)
        return (await self.ended([task_id]))[task_id]

    async def push(self, **recording: Any) -> str:
        """Put a recording for the fake engine into the queue; its task id."""
        task = self.new_task(**recording)
        await self.producer.enqueue(task)
        return task.task_id

    def new_task(self, **recording: Any) -> Task:
        """A task with its recording on disk, not yet in the queue."""
        task_id = uuid.uuid4().hex
        recordings = self.recordings
        recordings.mkdir(parents=True, exist_ok=True)
        script = {"text": task_id, "journal": str(self._journal(task_id))} | recording
        (recordings / f"{task_id}.json").write_text(json.dumps(script))
        return Task(task_id=task_id, file_path=f"{task_id}.json", model="base", duration=1.0)

    async def totals(self) -> dict[str, float]:
        """What all workers together have done."""
        return await Counters(self.client, self.settings).read()

    async def state(self, task_id: str) -> TaskState:
        """What a client would be told."""
        state = await self.reader.state(task_id)
        assert state is not None, f"task {task_id} is unknown"
        return state

    async def ended(self, task_ids: Iterable[str], timeout_seconds: float = 60.0) -> dict[str, TaskState]:
        """Wait until all are done or in error; their states."""
        open_ids, states = set(task_ids), {}
        deadline = time.monotonic() + timeout_seconds
        while open_ids:
            for task_id in list(open_ids):
                state = await self.state(task_id)
                if state.status in (TaskStatus.DONE, TaskStatus.ERROR):
                    states[task_id] = state
                    open_ids.discard(task_id)
            if time.monotonic() > deadline:
                raise AssertionError(f"not ended after {timeout_seconds} s: {sorted(open_ids)[:5]}")
            await asyncio.sleep(POLL_SECONDS)
        return states

    async def delete(self, task_id: str) -> DeleteOutcome:
        """As the API does: the tombstone comes first, without which what the disk has would bring it back."""
        task = Task(task_id=task_id, file_path=f"{task_id}.json")
        await asyncio.to_thread(self.storage.discard, task)
        return await self.reader.delete(task_id, None)

    async def forgotten(self, task_ids: Iterable[str], timeout_seconds: float = 60.0) -> None:
        """Wait until nobody knows these deleted tasks."""
        left = set(task_ids)

        async def is_done() -> bool:
            left.difference_update([each for each in left if await self.reader.state(each) is None])
            return not left

        await self.until(is_done, timeout_seconds)

    async def processing(self, task_id: str, timeout_seconds: float = 30.0) -> None:
        """Wait until a worker has begun the task in its engine process."""

        async def begun() -> bool:
            return self.executions(task_id) > 0

        await self.until(begun, timeout_seconds)

    async def until(self, condition: Callable[[], Awaitable[bool]], timeout_seconds: float) -> None:
        """Wait for an async condition."""
        deadline = time.monotonic() + timeout_seconds
        while not await condition():
            assert time.monotonic() < deadline, f"not so after {timeout_seconds} s"
            await asyncio.sleep(POLL_SECONDS)

    async def logged(self, text: str, task_id: str = "") -> bool:
        """Whether a line of this task, or any, that holds `text` is in the log."""
        return self.times_logged(text, task_id) > 0

    def times_logged(self, text: str, task_id: str = "") -> int:
        """How many such lines there are."""
        log = self.settings.log_dir / "service.log"
        lines = log.read_text("utf-8").splitlines() if log.exists() else []
        return sum(task_id in line and text in line for line in lines)

    def files(self) -> list[str]:
        """What lies in UPLOAD_DIR, the outbox included, the marker not."""
        return files_of(self.settings)

    async def no_files(self) -> bool:
        """Whether UPLOAD_DIR is empty: all that was kept of ended tasks has gone."""
        return not self.files()

    async def gone(self, timeout_seconds: float = 60.0) -> None:
        """Wait until UPLOAD_DIR is empty, where KEEP_ENDED_SECONDS have passed for all tasks."""

        async def gone() -> bool:
            await self._pass_time()
            return not self.files()

        await self.until(gone, timeout_seconds)

    async def _pass_time(self) -> None:
        """Put the ends of all tasks, and the times of all tombstones, back by KEEP_ENDED_SECONDS."""
        seconds = self.settings.keep_ended_seconds
        listing = self.storage.outbox.listing()
        for key in map(self.keys.task, listing.notes):
            if await self.client.hexists(key, "finished_at"):
                await self.client.hincrby(key, "finished_at", -int(seconds * 1000))
        if not is_plain(self.settings):  # nobody changes the times of a store
            now = self.settings.model_copy(update={"keep_ended_seconds": 0.0})
            await OutboxSweep(self.client, now, self.storage).sweep()
            return
        then = time.time() - seconds
        for task_id in listing.tombstones:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self.settings.outbox_dir / f"{task_id}.deleted", (then, then))

    async def keys_left(self) -> list[str]:
        """Keys that have no owner and would stay for ever, once all tasks have ended."""
        keys = self.keys
        permanent = {keys.dead, keys.workers, keys.index, keys.totals, keys.pace, keys.cost, keys.store}
        names = [
            name.decode()
            for prefix in (keys.queue, keys.result_prefix)
            async for name in self.client.scan_iter(f"{prefix}*", count=1000)
        ]
        return [name for name in names if name not in permanent and await self.client.ttl(name) == -1]

    async def held(self) -> int:
        """Elements in all processing lists."""
        holdings = await self.admin.workers()
        return sum(len(worker.task_ids) for worker in holdings)

    def executions(self, task_id: str) -> int:
        """How often an engine process has begun the task."""
        journal = self._journal(task_id)
        return journal.read_text().count("start") if journal.exists() else 0

    def windows_done(self, task_id: str) -> list[str]:
        """Windows that engine processes have finished, `window-0` and so on, each as often as it was."""
        journal = self._journal(task_id)
        words = journal.read_text().split() if journal.exists() else []
        return [word for word in words if word.startswith("window-")]

    def windows_by_process(self, task_id: str) -> dict[str, list[str]]:
        """The same, by the process id of each engine process that has finished any."""
        journal = self._journal(task_id)
        found: dict[str, list[str]] = {}
        for line in journal.read_text().splitlines() if journal.exists() else []:
            event, pid = line.split()
            if event.startswith("window-"):
                found.setdefault(pid, []).append(event)
        return found

    def _journal(self, task_id: str) -> Path:
        return self.folder / f"{task_id}.journal"

    def kill_apis(self) -> None:
        """kill -9 of all APIs."""
        for process in self._apis:
            process.kill()
            process.wait()

    async def close(self) -> None:
        """Kill what is left."""
        for process in [*(worker.process for worker in self.workers), *self._apis]:
            process.kill()
            process.wait()
        await self.client.aclose()


async def results_of(
    client: httpx2.AsyncClient, task_ids: list[str], timeout_seconds: float = 120.0
) -> dict[str, str]:
    """Results as clients get them, once all are there; never is an accepted task unknown, or in error."""
    found: dict[str, str] = {}
    deadline = time.monotonic() + timeout_seconds
    while len(found) < len(task_ids):
        assert time.monotonic() < deadline, f"{len(found)} of {len(task_ids)} done after {timeout_seconds} s"
        for task_id in task_ids:
            answer = await client.get(f"/transcribe/{task_id}")
            if answer.status_code == 503:  # Redis is away
                continue
            assert answer.status_code == 200, answer.text
            assert answer.json()["status"] != "error", answer.text
            if answer.json()["status"] == "done":
                assert answer.json()["result"]["text"] == task_id
                assert found.setdefault(task_id, answer.text) == answer.text
        await asyncio.sleep(POLL_SECONDS)
    return found


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health/live")).status_code == 200
    except httpx2.TransportError:
        return False


@contextlib.asynccontextmanager
async def running_service(settings: Settings, folder: Path) -> AsyncIterator[Service]:
    """A service that is surely gone afterwards."""
    service = Service(settings, folder)
    try:
        yield service
    finally:
        await service.close()
