"""`python3 -m benchmark.load`: how much the service does, how long its users wait, and what workers add.

python3 -m benchmark.load --fake --workers 1 --workers 2 --workers 4
python3 -m benchmark.load --arrivals poisson=0.2 --arrivals burst=20/30 --seconds 120
"""

import asyncio
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from app.core.startup import read_settings
from app.core.validation import RECORDING_EXTENSIONS
from benchmark.energy import energy_meter
from benchmark.engine.corpus import CorpusMissing, clips_of
from benchmark.engine.harness import ServiceFailed, ServiceHarness, running_service
from benchmark.engine.report import figures_table, machine
from benchmark.load.arrivals import Arrivals, WrongArrivals, read_arrivals
from benchmark.load.driver import Plan, Trip, drive
from benchmark.load.figures import LoadFigures, efficiency, figures_of
from benchmark.load.mix import FakeWorker, Sample, WrongMix, fake_samples, read_lengths
from benchmark.load.page import write_load_page, write_plot
from benchmark.load.watch import Watch
from benchmark.plan import HOME
from benchmark.plan import Plan as Folders
from benchmark.recordings import find_recordings

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Order:
    """What all loads of a command share."""

    samples: tuple[Sample, ...]
    seconds: float
    model: str | None
    seed: int
    fake: FakeWorker | None

    def plan(self, arrivals: Arrivals, workers: int) -> Plan:
        """The load for so many workers."""
        return Plan(arrivals, self.samples, self.seconds, workers, self.model, self.seed)

    @property
    def engine(self) -> str:
        """What works, for people."""
        if self.fake is None:
            return f"Real recordings, model {self.model or 'by default'}."
        share = self.fake.in_flight / self.fake.speed
        return (
            f"The fake engine: a recording takes {share:.2g} of its length, as on a worker of "
            f"{self.fake.speed:g} times real time with {self.fake.in_flight} in hand. It tells what the "
            "service costs, not what a model does."
        )


@app.command()
def main(
    arrivals: Annotated[
        list[str] | None,
        typer.Option(help="closed=CLIENTS, poisson=PER_SECOND or burst=COUNT/SECONDS, for each worker."),
    ] = None,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of workers; may be repeated. (1)")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Length of each load.")] = 60.0,
    service: Annotated[
        str | None, typer.Option(help="Load a running service at this URL instead of one of its own.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Model. (The service's own choice.)")] = None,
    fake: Annotated[bool, typer.Option("--fake", help="Workers with the fake engine: no model.")] = False,
    speed: Annotated[float, typer.Option(min=0.1, help="--fake: times real time of a worker.")] = 30.0,
    in_flight: Annotated[int, typer.Option(min=1, help="--fake: recordings at a time.")] = 4,
    lengths: Annotated[str, typer.Option(help="--fake: SECONDS:WEIGHT, …")] = "5:6,30:3,180:1",
    directory: Annotated[
        Path, typer.Option(envvar="BENCHMARK_DIR", help="Without --fake: recordings in audios/.")
    ] = HOME,
    output: Annotated[Path | None, typer.Option(help="Gets plots/ and results/. (DIRECTORY)")] = None,
    seed: Annotated[int, typer.Option(help="Who comes when, with which recording.")] = 0,
) -> None:
    """Put the service under load."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            loads = [read_arrivals(text) for text in arrivals or ["closed=6"]]
            worker = FakeWorker(speed, in_flight) if fake else None
            samples = _samples(worker, lengths, directory, Path(folder))
            order = Order(tuple(samples), seconds, model or ("base" if fake else None), seed, worker)
            figures = [
                _load(order, load, count, service, Path(folder)) for load in loads for count in workers or [1]
            ]
        except (WrongArrivals, WrongMix, CorpusMissing, ServiceFailed) as error:
            console.print(str(error), style="bold red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
    _write(output or directory, figures, order)


def _samples(worker: FakeWorker | None, lengths: str, directory: Path, folder: Path) -> list[Sample]:
    """Raises WrongMix and CorpusMissing."""
    if worker is not None:
        return fake_samples(read_lengths(lengths), worker, folder / "scripts")
    folders = Folders(directory=directory)
    recordings = find_recordings(folders.audio_folder, folders.reference_folder, RECORDING_EXTENSIONS)
    clips, _ = clips_of(recordings, None, needs_reference=False)
    if not clips:
        raise CorpusMissing(f"There is no recording in {folders.audio_folder}: put some there (or --fake).")
    return [Sample(clip.path, clip.seconds) for clip in clips]


def _load(order: Order, arrivals: Arrivals, workers: int, service: str | None, folder: Path) -> LoadFigures:
    """One load on a service of its own, or on a running one. Raises ServiceFailed."""
    console.rule(f"{arrivals}: {workers}")
    plan = order.plan(arrivals, workers)
    if service is not None:
        watch = Watch({}, None)
        trips = asyncio.run(_watched(service, plan, watch))
    else:
        place = folder / f"{arrivals.kind}-{arrivals.number:g}-{workers}"
        with running_service(place, read_settings()) as harness:
            for _ in range(workers):
                harness.start_worker(**_environment(order.fake))
            _warm_up(harness, order)
            url = f"http://127.0.0.1:{harness.api_port}"
            with energy_meter() as meter:
                watch = Watch(harness.processes(), harness.settings, meter)
                trips = asyncio.run(_watched(url, plan, watch))
    queue = (watch.oldest, watch.waiting)
    found = figures_of(workers, arrivals, trips, order.seconds, queue, watch.use, watch.machine)
    p50, p95, p99 = found.done_seconds
    shown = {
        "hours of audio an hour": found.audio_hours_per_hour,
        "done within, s (p50, p95, p99)": f"{p50:.2f}, {p95:.2f}, {p99:.2f}",
        "oldest waited, s": found.oldest_seconds,
        "sent, failed": f"{found.sent}, {found.failed}",
    }
    console.print(figures_table("", shown))
    return found


def _environment(fake: FakeWorker | None) -> dict[str, str]:
    """Variables of the workers."""
    return {} if fake is None else {"ENGINE": "fake", "TASKS_IN_FLIGHT": str(fake.in_flight)}


def _warm_up(harness: ServiceHarness, order: Order) -> None:
    """Each worker has loaded its model before the clock starts: an idle one is always served first."""
    shortest = min(order.samples, key=lambda sample: sample.seconds)
    options = {"model": order.model} if order.model else {}
    workers = sum(name.startswith("worker-") for name in harness.processes())
    for task_id in [harness.post(shortest.path, **options) for _ in range(workers)]:
        harness.await_end(task_id)


async def _watched(url: str, plan: Plan, watch: Watch) -> list[Trip]:
    end = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch.run(end))
        try:
            return await drive(url, plan)
        finally:
            end.set()


def _write(output: Path, figures: list[LoadFigures], order: Order) -> None:
    path = output / "results" / "load.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    loads = [
        asdict(each) | {"arrivals": str(each.arrivals), "efficiency": efficiency(each, figures)}
        for each in figures
    ]
    content = {"machine": machine(), "engine": order.engine, "loads": loads}
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + os.linesep, "utf-8")
    plots = write_plot(output / "plots", figures)
    page = write_load_page(output / "results" / "load.html", figures, order.engine, plots)
    console.print("Written:", *(str(each) for each in (page, path, *plots)), sep="\n  ", soft_wrap=True)


if __name__ == "__main__":
    app()
