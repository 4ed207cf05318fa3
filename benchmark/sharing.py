"""`python3 -m benchmark.sharing`: what idle workers save on one long recording, and whether its text stays.

python3 -m benchmark.sharing long.mp3 --workers 1 --workers 2 --threads 1
python3 -m benchmark.sharing --fake 1200 --speed 15 --workers 1 --workers 2 --workers 4
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import redis
import typer
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

from app.core.startup import read_settings
from benchmark.engine.harness import ServiceFailed, ServiceHarness, running_service
from benchmark.engine.report import figures_table, machine
from benchmark.load.mix import MULAW_BYTES_PER_SECOND
from benchmark.processes import families, family_seconds

console = Console(stderr=True)
app = typer.Typer(add_completion=False)

WINDOW_SECONDS = 25.0
"""Mean length of a window in continuous speech."""

Result = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Round:
    """The recording on so many workers.

    That is seconds from its upload to its text, windows that were lent, processor time of all engine
    processes, and bytes that Redis was sent meanwhile.
    """

    workers: int
    seconds: float
    lent: int
    cpu_seconds: float
    redis_bytes: int
    result: Result


@app.command()
def main(
    recording: Annotated[Path | None, typer.Argument(help="A long recording.")] = None,
    workers: Annotated[
        list[int] | None, typer.Option(min=1, help="Number of workers; may be repeated. (1 2)")
    ] = None,
    model: Annotated[str, typer.Option(help="Model.")] = "base",
    threads: Annotated[int, typer.Option(min=0, help="CPU_THREADS of each worker.")] = 1,
    fake: Annotated[float, typer.Option(min=0, help="Instead: seconds of a recording without sound.")] = 0.0,
    speed: Annotated[float, typer.Option(min=0.1, help="--fake: times real time of a worker.")] = 15.0,
) -> None:
    """Transcribe one recording on different numbers of workers, each time on a service of its own."""
    environment = {"ENGINE": "fake"} if fake else {"CPU_THREADS": str(threads)}
    with tempfile.TemporaryDirectory() as folder:
        path = _script(Path(folder) / "long.ulaw", fake, speed) if fake else recording
        if path is None or not path.is_file():
            raise typer.BadParameter("give a recording, or --fake SECONDS")
        try:
            rounds = [
                _round(Path(folder) / str(count), path, count, model, environment)
                for count in workers or [1, 2]
            ]
        except ServiceFailed as error:
            console.print(str(error), style="bold red", markup=False, soft_wrap=True)
            raise typer.Exit(1) from None
    _print(rounds)


def _script(path: Path, seconds: float, speed: float) -> Path:
    """A recording for the fake engine, whose windows take as long as on a worker of that speed.

    Any bytes are mu-law: spaces before the script make up the length.
    """
    windows = max(1, round(seconds / WINDOW_SECONDS))
    text = " ".join(f"word{number}" for number in range(windows * 60))
    script = {"windows": windows, "duration": seconds, "seconds": seconds / speed, "text": text}
    path.write_text(json.dumps(script).rjust(round(seconds * MULAW_BYTES_PER_SECOND)))
    return path


def _round(folder: Path, path: Path, workers: int, model: str, environment: dict[str, str]) -> Round:
    """Raises ServiceFailed."""
    with running_service(folder, read_settings()) as harness:
        for _ in range(workers):
            harness.start_worker(**environment)
        short = _script(folder / "short.ulaw", 1.0, 1.0) if "ENGINE" in environment else path
        _warm_up(harness, short, workers, model)
        cpu_seconds, redis_bytes = _engine_seconds(harness), _redis_bytes(harness)
        started = perf_counter()
        task_id = harness.post(path, model=model)
        harness.await_end(task_id)
        seconds = perf_counter() - started
        result: Result = harness.state(task_id)["result"]
        return Round(
            workers,
            seconds,
            result["provenance"]["windows_lent"],
            _engine_seconds(harness) - cpu_seconds,
            _redis_bytes(harness) - redis_bytes,
            result,
        )


def _warm_up(harness: ServiceHarness, path: Path, workers: int, model: str) -> None:
    """Each worker has loaded its model before the clock starts: an idle one is served first."""
    for task_id in [harness.post(path, model=model, trim="3") for _ in range(workers)]:
        harness.await_end(task_id)


def _engine_seconds(harness: ServiceHarness) -> float:
    """With what has read recordings for them."""
    running = families(harness.processes())
    return sum(family_seconds(family) for name, family in running.items() if name.startswith("engine-"))


def _redis_bytes(harness: ServiceHarness) -> int:
    with redis.Redis(port=harness.redis_port) as client:
        return int(client.info("stats")["total_net_input_bytes"])


def _print(rounds: list[Round]) -> None:
    first = rounds[0]
    headings = ("workers", "seconds", "ratio", "windows lent", "CPU s", "KB to Redis", "same text")
    table = Table(*headings, box=MARKDOWN)
    for each in rounds:
        same = all(each.result[name] == first.result[name] for name in ("text", "segments", "language"))
        table.add_row(
            str(each.workers),
            f"{each.seconds:.1f}",
            f"{first.seconds / each.seconds:.2f}",
            str(each.lent),
            f"{each.cpu_seconds:.1f}",
            f"{each.redis_bytes / 1024:.0f}",
            "yes" if same else "NO",
        )
    Console(width=160).print(figures_table("", machine()), table)


if __name__ == "__main__":
    app()
