"""One long recording on several hosts: `python -m tests.faults.hosts --workers 4` (as root; iproute2).

Hosts are network namespaces with names of their own, on one bridge; in each runs a worker with the fake
engine, whose windows take as long as on one of `--speed` times real time. One worker transcribes the
recording, then two and more; then all of them, while some are killed and replaced, or cut off, at half of it.
A file given with `--recording` is transcribed by the real engine instead.
"""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core.config import Settings
from app.launcher.redis_server import RedisServer, free_port
from app.schemas.task import Task
from tests.faults.harness import QUICK, Service, Worker, running_service
from tests.support.processes import ROOT

console = Console(width=120)

BRIDGE, ADDRESS = "transcriber0", "10.213.0.1"
CUT_SECONDS = 8.0
"""Longer than lease and loans."""

FAULTS = ("a helper killed", "the owner killed", "both killed", "a helper cut off", "the owner cut off")


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)


@contextmanager
def _network(hosts: int) -> Iterator[list[str]]:
    """Names of so many hosts."""
    names = [f"transcriber-{number}" for number in range(1, hosts + 1)]
    _ip("link", "add", BRIDGE, "type", "bridge")
    try:
        _ip("address", "add", f"{ADDRESS}/24", "dev", BRIDGE)
        _ip("link", "set", BRIDGE, "up")
        for number, name in enumerate(names, 2):
            _ip("netns", "add", name)
            _ip("link", "add", _line(name), "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", _line(name), "master", BRIDGE, "up")
            _ip("-n", name, "address", "add", f"10.213.0.{number}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], check=False)
        _ip("link", "delete", BRIDGE)


def _line(host: str) -> str:
    """The bridge's end of a host's line."""
    return host.replace("transcriber-", "tr-line")


class Hosts:
    """A service whose workers run on hosts."""

    def __init__(self, service: Service, names: list[str]) -> None:
        self._service = service
        self._names = names
        self._workers: dict[str, Worker] = {}

    async def start(self, count: int) -> None:
        """As many workers as that, on a host each."""
        idle = [name for name in self._names if name not in self._workers]
        for name in idle[: count - len(self._workers)]:
            self._workers[name] = self._worker(name)
            self._service.workers.append(self._workers[name])
        await self._service.until(lambda: self._are_alive(), 60.0)

    async def _are_alive(self) -> bool:
        alive = [worker.worker_id for worker in await self._service.reader.live_workers()]
        return all(any(f"-{each.pid}-" in name for name in alive) for each in self._workers.values())

    def _worker(self, host: str) -> Worker:
        return Worker(
            subprocess.Popen(
                [
                    *("ip", "netns", "exec", host, "unshare", "--uts", "--", "sh", "-c"),
                    *('hostname "$0" && exec "$@"', host, sys.executable, "worker.py"),
                ],
                cwd=ROOT,
                env=self._service.environment({"REDIS_HOST": ADDRESS}),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    async def transcribe(self, task: Task, fault: str) -> tuple[float, dict[str, Any]]:
        """Seconds until the text is there, and the result; with a fault at half of the recording."""
        started = time.monotonic()
        await self._service.producer.enqueue(task)
        if fault:
            await self._service.until(lambda: self._is_half_done(task.task_id), 3600.0)
            await self._harm(task.task_id, fault)
        state = (await self._service.ended([task.task_id], 3600.0))[task.task_id]
        assert state.result is not None, state
        return time.monotonic() - started, state.result

    async def _is_half_done(self, task_id: str) -> bool:
        return ((await self._service.state(task_id)).progress or 0) >= 0.5

    async def _harm(self, task_id: str, fault: str) -> None:
        stored = await self._service.client.hget(self._service.keys.task(task_id), "worker")
        owner = next(name for name in self._workers if f"{name}-" in str(stored))
        helper = next(name for name in self._workers if name != owner)
        meant = {"a": [helper], "t": [owner], "b": [owner, helper]}[fault[0]]
        if "killed" in fault:
            for name in meant:
                self._workers.pop(name).kill_all()
            await self.start(len(self._names))
            return
        _ip("link", "set", _line(meant[0]), "down")
        await asyncio.sleep(CUT_SECONDS)
        _ip("link", "set", _line(meant[0]), "up")


async def _run(workers: int, seconds: float, speed: float, recording: Path | None, folder: Path) -> None:
    settings = _settings(folder, recording)
    extra = ("--bind", f"127.0.0.1 {ADDRESS}", "--protected-mode", "no")
    with _network(workers) as names:
        redis = RedisServer(folder / "redis", settings.redis_port, extra=extra)
        redis.start()
        try:
            async with running_service(settings, folder) as service:
                script = _recording(seconds, speed, recording)
                await _tell(Hosts(service, names), service, workers, script)
        finally:
            redis.stop()


async def _tell(hosts: Hosts, service: Service, workers: int, script: dict[str, Any]) -> None:
    """Print a table: first without faults, then with each of them."""
    table = Table("workers", "at half", "seconds", "ratio", "lent", "resumed", "same text", box=MARKDOWN)
    first: tuple[float, dict[str, Any]] | None = None
    rounds = [(count, "") for count in (1, 2, 4, 8) if count < workers] + [(workers, "")]
    for count, fault in rounds + [(workers, fault) for fault in FAULTS]:
        await hosts.start(count)
        taken, result = await hosts.transcribe(_task(service, script), fault)
        first = first or (taken, result)
        provenance = result["provenance"]
        same = all(result[name] == first[1][name] for name in ("text", "segments"))
        table.add_row(
            *(str(count), fault or "–", f"{taken:.1f}", f"{first[0] / taken:.2f}"),
            *(str(provenance["windows_lent"]), str(provenance["windows_resumed"]), "yes" if same else "NO"),
        )
        console.log(taken, fault)
    console.print(table, "keys left:", await service.keys_left())


def _settings(folder: Path, recording: Path | None) -> Settings:
    values: dict[str, Any] = QUICK | {
        "lease_seconds": 5.0,
        "heartbeat_seconds": 1.0,
        "share_loan_seconds": 5.0,
    }
    if recording is not None:
        values |= {"engine": "faster-whisper", "cpu_threads": 1, "cache_dir": (ROOT / "_cache").absolute()}
    return Settings(
        **values,
        redis_host="127.0.0.1",
        redis_port=free_port(),
        upload_dir=folder / "uploads",
        log_dir=folder / "logs",
        data_dir=folder / "data",
        min_free_disk_mb=0,
    )


def _recording(seconds: float, speed: float, recording: Path | None) -> dict[str, Any]:
    if recording is not None:
        return {"path": recording}
    windows = max(1, round(seconds / 25))
    text = " ".join(f"word{number}" for number in range(60 * windows))
    return {"seconds": seconds / speed, "windows": windows, "duration": seconds, "text": text}


def _task(service: Service, script: dict[str, Any]) -> Task:
    if "path" not in script:
        return service.new_task(**script)
    task = service.new_task()
    path = service.settings.upload_dir / f"{task.task_id}{script['path'].suffix}"
    shutil.copy(script["path"], path)
    return task.model_copy(update={"file_path": path.name, "duration": None})


def main(
    workers: Annotated[int, typer.Option(min=2)] = 4,
    seconds: Annotated[float, typer.Option(help="Length of the recording without sound.")] = 1200.0,
    speed: Annotated[float, typer.Option(help="Times real time of a worker.")] = 20.0,
    recording: Annotated[Path | None, typer.Option(help="A recording for the real engine.")] = None,
) -> None:
    """Transcribe one long recording on several hosts, and harm them."""
    if os.geteuid() != 0:
        raise SystemExit("Network namespaces need root.")
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_run(workers, seconds, speed, recording, Path(folder)))


if __name__ == "__main__":
    typer.run(main)
