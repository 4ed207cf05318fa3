"""What ended tasks take of the disk: `python -m tests.faults.disk --rate 50 --megabytes 1 --seconds 300`.

A real Redis, real workers with the fake engine, recordings of the size that is asked for. `--folder` may lie
on a small file system, to see what happens when it fills up: uploads are refused below MIN_FREE_DISK_MB, as
the API refuses them with 507.
"""

import asyncio
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.core.config import Settings
from app.core.errors import StorageFull
from app.launcher.redis_server import RedisServer, free_port
from app.schemas.task import Task
from benchmark.own_settings import own_settings
from tests.faults.harness import QUICK, Service, running_service

console = Console()

MEBIBYTE = 1024 * 1024
REPORT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class DiskReport:
    """Tasks per second that were reached; most MiB in UPLOAD_DIR at a time, and those of the second half of
    the run on average; `refused` are uploads that found too little room."""

    seconds: float
    accepted: int
    refused: int
    per_second: float
    most_mib: float
    steady_mib: float
    least_free_mib: float
    lost: int
    mib_left: float


class DiskRun:
    """One run."""

    def __init__(self, service: Service, megabytes: float) -> None:
        self._service = service
        self._padding = " " * int(megabytes * MEBIBYTE)
        self._floor = service.settings.min_free_disk_mb * MEBIBYTE
        self._refused = 0
        self._accepted: list[str] = []
        self._samples: list[tuple[float, float]] = []

    async def run(self, rate: float, seconds: float) -> DiskReport:
        """Send `rate` recordings a second, then wait until all have ended and gone."""
        started = time.monotonic()
        watching = asyncio.create_task(self._watch())
        sending = [asyncio.create_task(self._send(rate / 4, seconds)) for _ in range(4)]
        await asyncio.gather(*sending)
        took = time.monotonic() - started
        states = await self._service.ended(self._accepted, 600)
        watching.cancel()
        keep = self._service.settings.keep_ended_seconds
        await self._service.until(self._service.no_files, 3 * keep + 60)
        used = [mib for mib, _ in self._samples]
        return DiskReport(
            seconds=round(took, 1),
            accepted=len(self._accepted),
            refused=self._refused,
            per_second=round(len(self._accepted) / took, 1),
            most_mib=round(max(used)),
            steady_mib=round(sum(used[len(used) // 2 :]) / len(used[len(used) // 2 :])),
            least_free_mib=round(min(free for _, free in self._samples)),
            lost=sum(state.result is None for state in states.values()),
            mib_left=round(self._used_mib(), 1),
        )

    async def _send(self, rate: float, seconds: float) -> None:
        started = time.monotonic()
        for number in range(int(rate * seconds)):
            await asyncio.sleep(max(0.0, started + number / rate - time.monotonic()))
            try:
                task = await asyncio.to_thread(self._store)
            except StorageFull:
                self._refused += 1
            else:
                await self._service.producer.enqueue(task)
                self._accepted.append(task.task_id)
            if time.monotonic() - started > seconds:
                return

    def _store(self) -> Task:
        """Recording and note of a new task. Raises StorageFull where the API would."""
        if self._service.storage.free_bytes() < self._floor:
            raise StorageFull("The disk is nearly full.")
        task = self._service.new_task()
        with (self._service.settings.upload_dir / task.file_path).open("a") as recording:
            recording.write(self._padding)
        self._service.storage.outbox.save(task)
        return task

    async def _watch(self) -> None:
        told = 0.0
        while True:
            free = self._service.storage.free_bytes() / MEBIBYTE
            self._samples.append((await asyncio.to_thread(self._used_mib), free))
            if time.monotonic() - told > REPORT_SECONDS:
                told = time.monotonic()
                used = self._samples[-1][0]
                console.log(
                    f"{len(self._accepted)} tasks, {self._refused} refused, {used:.0f} MiB, {free:.0f} free"
                )
            await asyncio.sleep(0.5)

    def _used_mib(self) -> float:
        total = 0
        for path in self._service.settings.upload_dir.rglob("*"):
            try:
                total += path.stat().st_size if path.is_file() else 0
            except FileNotFoundError:
                continue
        return total / MEBIBYTE


@dataclass(frozen=True, slots=True)
class Load:
    """What is measured: recordings of so many MiB, `rate` a second for so many seconds."""

    megabytes: float
    rate: float
    seconds: float


async def measure(folder: Path, load: Load, *, keep_seconds: float, min_free_mb: int) -> DiskReport:
    """Run with UPLOAD_DIR in `folder`, and Redis elsewhere."""
    with tempfile.TemporaryDirectory(prefix="disk") as elsewhere:
        server = RedisServer(Path(elsewhere) / "redis", free_port())
        server.start()
        changes = {
            "upload_dir": folder / "shared_audio",
            "log_level": "WARNING",
            "keep_ended_seconds": keep_seconds,
            "maintenance_seconds": Settings.model_fields["maintenance_seconds"].default,
            "min_free_disk_mb": min_free_mb,
        }
        settings = own_settings(server.port, Path(elsewhere), **(QUICK | changes))
        try:
            async with running_service(settings, Path(elsewhere)) as service:
                for _ in range(2):
                    service.start_worker(TASKS_IN_FLIGHT="8")
                await service.alive(2)
                return await DiskRun(service, load.megabytes).run(load.rate, load.seconds)
        finally:
            server.kill()


def main(
    folder: Annotated[Path, typer.Option(help="Where UPLOAD_DIR is made.")],
    megabytes: Annotated[float, typer.Option(min=0.001, max=100)] = 1.0,
    rate: Annotated[float, typer.Option(min=1, max=200)] = 50.0,
    seconds: Annotated[float, typer.Option(min=1, max=3600)] = 300.0,
    keep_seconds: Annotated[float, typer.Option(min=0)] = 120.0,
    min_free_mb: Annotated[int, typer.Option(min=0)] = 512,
) -> None:
    """Print what ended tasks take of the disk."""
    load = Load(megabytes, rate, seconds)
    report = asyncio.run(measure(folder, load, keep_seconds=keep_seconds, min_free_mb=min_free_mb))
    console.print_json(json.dumps(asdict(report)))
    raise typer.Exit(1 if report.lost or report.mib_left else 0)


if __name__ == "__main__":
    typer.run(main)
