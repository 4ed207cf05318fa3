"""`python3 -m benchmark.polls --corpus DIR`: the API under load.

Polls a second against a bare FastAPI, and what polls and listeners take from the engine.
"""

import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import psutil
import redis
import typer
from rich.console import Console

from app.core.startup import read_settings
from app.launcher.redis_server import free_port
from benchmark.engine.corpus import CorpusMissing, read_corpus
from benchmark.engine.harness import ServiceFailed, ServiceHarness, running_service
from benchmark.engine.report import figures_table, machine
from benchmark.polls.clients import Answered, listen, poll
from benchmark.processes import cpu_seconds

HOME = Path(__file__).parents[1]
CLIENTS, LISTENERS = 200, 50
COPIES = 3
"""Of the recording, so that there is work to the end."""

PAUSE_SECONDS = 1.0
"""What a client that means well waits between two polls."""

console = Console(stderr=True)
app = typer.Typer(add_completion=False)


@app.command()
def main(
    corpus: Annotated[Path, typer.Option(help="Folder with long/.")] = HOME / "corpus",
    model: Annotated[str, typer.Option(help="Model.")] = "base",
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; medians are shown.")] = 3,
    seconds: Annotated[float, typer.Option(min=1, help="Length of one measurement.")] = 10.0,
    output: Annotated[Path, typer.Option(help="Gets results/polls.json.")] = HOME,
) -> None:
    """Measure the API under load."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            clip = max(read_corpus(corpus, "long"), key=lambda clip: clip.seconds)
            with running_service(Path(folder), read_settings()) as harness:
                figures = _polls(harness, rounds, seconds)
                console.print(figures_table("polls", figures))
                figures |= _beside(harness, clip.path, model, rounds, seconds)
        except (CorpusMissing, ServiceFailed) as error:
            console.print(str(error), style="bold red", markup=False)
            raise typer.Exit(1) from None
    console.print(figures_table("listeners", figures))
    path = output / "results" / "polls.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"machine": machine(), **figures}, indent=1))
    console.print("Written:", str(path), soft_wrap=True)


def _polls(harness: ServiceHarness, rounds: int, seconds: float) -> dict[str, Any]:
    """Clients that ask as fast as they can: ours and the bare one in turn."""
    bare_port = free_port()
    harness.start("-m", "uvicorn", "benchmark.polls.bare:app", "--port", str(bare_port), "--no-access-log")
    paths = _running_tasks(harness, CLIENTS)
    time.sleep(3)
    ours: list[Answered] = []
    bare: list[Answered] = []
    for number in range(rounds):
        bare.append(asyncio.run(poll(bare_port, paths, CLIENTS, seconds)))
        ours.append(asyncio.run(poll(harness.api_port, paths, CLIENTS, seconds)))
        console.print(
            f"round {number + 1}: bare {bare[-1].per_second:.0f}/s, ours {ours[-1].per_second:.0f}/s"
        )
    ratios = [mine.per_second / its.per_second for mine, its in zip(ours, bare, strict=True)]
    return {
        "bare": asdict(sorted(bare, key=lambda each: each.per_second)[len(bare) // 2]),
        "ours": asdict(sorted(ours, key=lambda each: each.per_second)[len(ours) // 2]),
        "ratio": statistics.median(ratios),
    }


def _running_tasks(harness: ServiceHarness, count: int) -> list[str]:
    """Addresses of tasks that a worker has in hand, a minute done of each."""
    text = "word " * 150
    with redis.Redis(port=harness.redis_port) as client:
        now = int(time.time() * 1000)
        for number in range(count):
            name = f"load-{number}"
            payload = json.dumps({"task_id": name, "file_path": f"{name}.wav", "model": "base"})
            task = {"status": "processing", "payload": payload, "attempts": 1, "started_at": now - 5000}
            windows = {"processed": 60, "duration": 600, "saved_at": now, "text": text, "following": 4}
            client.hset(f"transcribe_tasks:task:{name}", mapping=dict(task))
            client.hset(f"transcribe_tasks:windows:{name}", mapping=dict(windows))
            answer = {"task_id": name, "status": "processing", "progress": 0.1, "text": text}
            client.set(f"bare:{name}", json.dumps(answer))
    return [f"/transcribe/load-{number}" for number in range(count)]


def _beside(harness: ServiceHarness, path: Path, model: str, rounds: int, seconds: float) -> dict[str, Any]:
    """What is left to the engine of the processors while clients poll and listen as they should."""
    alone: list[float] = []
    beside: list[float] = []
    worker = harness.start_worker()
    task_id, *_ = [harness.post(path, model=model) for _ in range(COPIES)]
    harness.wait(task_id, 0.05)
    engine = harness.engine_of(worker)
    for _ in range(rounds):
        alone.append(_cores(engine, seconds))
        beside.append(asyncio.run(_loaded(harness, engine, task_id, seconds)))
        console.print(
            f"the engine has {alone[-1]:.2f} cores alone, {beside[-1]:.2f} beside {CLIENTS} polls a second"
        )
    return {
        "engine_cores_alone": statistics.median(alone),
        "engine_cores_beside_polls_and_listeners": statistics.median(beside),
        "share_taken_from_the_engine": 1 - statistics.median(beside) / statistics.median(alone),
    }


def _cores(engine: psutil.Process, seconds: float) -> float:
    """Processor time a second. Windows end in bursts, and tell less of so short a time."""
    before, started = cpu_seconds(engine), time.perf_counter()
    time.sleep(seconds)
    return (cpu_seconds(engine) - before) / (time.perf_counter() - started)


async def _loaded(harness: ServiceHarness, engine: psutil.Process, task_id: str, seconds: float) -> float:
    address = f"/transcribe/{task_id}"
    load = [
        poll(harness.api_port, [address], CLIENTS, seconds, PAUSE_SECONDS),
        *(listen(harness.api_port, f"{address}/events", seconds) for _ in range(LISTENERS)),
    ]
    waiting = asyncio.ensure_future(asyncio.gather(*load))
    cores = await asyncio.to_thread(_cores, engine, seconds)
    await waiting
    return cores


if __name__ == "__main__":
    app()
