"""Processes of the service, which tests start, stop and kill."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil
from pydantic import SecretStr

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from benchmark.own_settings import NO_OTHER_PLACES
from tests.support.serving import until

ROOT = Path(__file__).parents[2]


def settings_of_whole(
    name: str, redis_server: RedisServer, weights: Path, folder: Path, **changes: object
) -> Settings:
    """Settings of a service with a real worker, which is quick to notice things."""
    values: dict[str, object] = {
        "redis_host": "127.0.0.1",
        "redis_port": redis_server.port,
        "redis_queue_name": name,
        "redis_results_prefix": f"{name}_result:",
        "upload_dir": folder / "shared_audio",
        "log_dir": folder / "logs",
        "data_dir": folder / "_data",
        "cache_dir": weights,
        "default_model": "base",
        "model_downloads": False,
        "heartbeat_seconds": 0.5,
        "maintenance_seconds": 0.5,
        "lease_seconds": 3,
        "min_free_disk_mb": 0,
        "keep_ended_seconds": 1,
        "reuse_results": False,
    }
    return Settings(**(values | changes))  # type: ignore[arg-type]


def kill_readers() -> int:
    """Kill the reader processes that this process has, and the forkserver not; how many they were."""
    found = [
        child
        for child in psutil.Process().children(recursive=True)
        if child.ppid() != os.getpid() and "forkserver" in " ".join(child.cmdline())
    ]
    for reader in found:
        reader.kill()
    return len(found)


class Worker:
    """A worker process of a service; it may write its console to a file."""

    def __init__(self, settings: Settings, *, console: Path | None = None) -> None:
        self._process = _started([sys.executable, "worker.py"], settings, console=console)

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def stop(self) -> None:
        """As `docker stop` does."""
        self._process.terminate()
        self._process.wait(timeout=60)


class ApiProcess:
    """An API, started at once, which can be started again.

    It may open so many `files`, and writes its console to a file, where these are given.
    """

    def __init__(self, settings: Settings, *, files: int | None = None, console: Path | None = None) -> None:
        self._settings = settings
        self._files = files
        self._console = console
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Until it answers."""
        command = [sys.executable, "-m", "uvicorn", "main:app", "--port", str(self.port)]
        self._process = _started(command, self._settings, files=self._files, console=self._console)
        until(self._answers)

    def stop(self) -> int:
        """As `docker stop` does, with all the patience of the test; the exit status."""
        self._process.terminate()
        return self._process.wait()

    def kill(self) -> None:
        """With no chance to say goodbye."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/health/live") as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError):
            return False


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment of a process with these settings, and with no others: the shell and `.env` may name a
    Redis, a bucket or a database that is in use."""
    given = settings.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    own = {name.upper(): _as_text(getattr(settings, name), value) for name, value in given.items()}
    known = {name.upper() for name in Settings.model_fields}
    rest = {name: value for name, value in os.environ.items() if name.upper() not in known}
    return rest | NO_OTHER_PLACES | own


def _as_text(value: object, dumped: object) -> str:
    """A setting as the environment has it; a blank takes back a list of `.env`, nothing would not."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return ",".join(dumped) or " " if isinstance(dumped, list) else str(dumped)


def _started(
    command: list[str], settings: Settings, *, files: int | None = None, console: Path | None = None
) -> "subprocess.Popen[bytes]":
    if files is not None:
        command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", *command]
    with console.open("ab") if console else contextlib.nullcontext() as output:
        return subprocess.Popen(command, cwd=ROOT, env=environment_of(settings), stdout=output, stderr=output)
