"""The whole service on this machine for as long as it is measured: Redis, API, workers, a client."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from benchmark.own_settings import own_environment, own_settings

POLL_SECONDS = 0.05
START_SECONDS = 120.0
WORKER = "worker-"


class ServiceFailed(Exception):
    """The service did not start, or a task failed; the message says which."""


class ServiceHarness:
    """A running service; its client polls as programs do."""

    def __init__(self, folder: Path, settings: Settings, redis: RedisServer, api_port: int) -> None:
        self._folder = folder
        self._redis_pid = redis.pid
        self._named: dict[str, subprocess.Popen[bytes]] = {}
        self.redis_port = redis.port
        self.api_port = api_port
        self.settings = own_settings(redis.port, folder)
        self._environment = own_environment(self.settings) | {
            "CACHE_DIR": str(settings.cache_dir.absolute()),
            "LEASE_SECONDS": "6",
            "HEARTBEAT_SECONDS": "1",
            "MAINTENANCE_SECONDS": "1",
            "MAX_UPLOAD_MB": "4096",
            "REUSE_RESULTS": "false",
        }
        self._processes: list[subprocess.Popen[bytes]] = []
        self._client = httpx2.Client(base_url=f"http://127.0.0.1:{api_port}", timeout=120)

    def start(self, *program: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a program of the service; its output goes to a file."""
        with (self._folder / "output.txt").open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, *program],
                env=self._environment | environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._processes.append(process)
        return process

    def start_api(self) -> None:
        """Start the API; `ready` tells when it answers."""
        port = str(self.api_port)
        self._named["api"] = self.start("-m", "uvicorn", "main:app", "--port", port, "--log-level", "warning")

    def start_worker(self, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker and wait until it is known."""
        before = self._workers()
        worker = self.start("worker.py", **environment)
        self._named[f"{WORKER}{sum(name.startswith(WORKER) for name in self._named) + 1}"] = worker
        deadline = time.monotonic() + START_SECONDS
        while self._workers() <= before:
            if worker.poll() is not None or time.monotonic() > deadline:
                raise ServiceFailed(f"A worker does not start; see {self._folder / 'output.txt'}.")
            time.sleep(POLL_SECONDS)
        return worker

    def engine_of(self, worker: "subprocess.Popen[bytes]") -> psutil.Process:
        """The worker's engine process."""
        return next(iter(psutil.Process(worker.pid).children()))

    def processes(self) -> dict[str, psutil.Process]:
        """All that run, by name: redis, api, worker-1, engine-1 …"""
        found = {"redis": psutil.Process(self._redis_pid)} if self._redis_pid else {}
        for name, process in self._named.items():
            found[name] = psutil.Process(process.pid)
            if name.startswith(WORKER):
                found[name.replace(WORKER, "engine-")] = self.engine_of(process)
        return found

    def post(self, path: Path, **options: str) -> str:
        """Send a recording; its task id."""
        with path.open("rb") as file:
            answer = self._client.post("/transcribe/", params=options, files={"file": (path.name, file)})
        if answer.is_error:
            raise ServiceFailed(f"{path.name} was refused: {answer.text}")
        return str(answer.json()["task_id"])

    def state(self, task_id: str, **query: str) -> dict[str, Any]:
        """What the service says of a task."""
        content: dict[str, Any] = self._client.get(f"/transcribe/{task_id}", params=query).json()
        if content["status"] == "error":
            raise ServiceFailed(f"A task failed: {content['error']['message']}")
        return content

    def wait(self, task_id: str, progress: float = 1.0) -> dict[str, Any]:
        """Poll until the task is done, or so far; its last state."""
        while True:
            state = self.state(task_id)
            if state["status"] == "done" or state.get("progress", 0.0) >= progress:
                return state
            time.sleep(POLL_SECONDS)

    def await_end(self, task_id: str) -> None:
        """The same without polling, which takes processor time from who transcribes."""
        while self.state(task_id, wait="30")["status"] != "done":
            pass

    def timed(self, path: Path, **options: str) -> float:
        """Seconds from the POST of a recording to the answer `done`."""
        started = time.perf_counter()
        self.wait(self.post(path, **options))
        return time.perf_counter() - started

    def close(self) -> None:
        """Stop everything."""
        for process in self._processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        self._client.close()

    def ready(self) -> bool:
        """Whether the API answers."""
        try:
            return bool(self._client.get("/health/live").is_success)
        except httpx2.HTTPError:
            return False

    def _workers(self) -> int:
        return int(self._client.get("/health/ready").json()["workers"])


@contextmanager
def running_service(folder: Path, settings: Settings) -> Iterator[ServiceHarness]:
    """A service without workers. Raises ServiceFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    redis = RedisServer(folder / "redis", free_port())
    redis.start()
    api_port = free_port()
    harness = ServiceHarness(folder, settings, redis, api_port)
    try:
        harness.start_api()
        deadline = time.monotonic() + START_SECONDS
        while not harness.ready():
            if time.monotonic() > deadline:
                raise ServiceFailed(f"The API does not start; see {folder / 'output.txt'}.")
            time.sleep(POLL_SECONDS)
        yield harness
    finally:
        harness.close()
        redis.stop()
