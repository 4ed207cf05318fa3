"""`python3 -m benchmark.reading RECORDING…`: how fast recordings are decoded and cut into windows.

Each way of reading takes all recordings, some at a time, in turns: threads of one process, then reader
processes. The model does nothing, so that this is the most that a worker could be given.
"""

import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Annotated

import psutil
import typer
from rich.console import Console
from rich.table import Table

from app.audio.chunker import ChunkRules
from app.audio.listening import Listening
from app.audio.reading.cutting import Cutting
from app.audio.reading.pool import ProcessReaders, Readers, ThreadReaders

app = typer.Typer(add_completion=False)
console = Console()


@app.command()
def main(
    recordings: Annotated[list[Path], typer.Argument(help="Recordings.", exists=True, dir_okay=False)],
    processes: Annotated[list[int], typer.Option(help="Numbers of reader processes.")] = [1, 2],  # noqa: B006
    at_a_time: Annotated[int, typer.Option(help="Recordings at a time.")] = 32,
    rounds: Annotated[int, typer.Option(help="Rounds, of which the medians count.")] = 3,
) -> None:
    """Measure reading."""
    ways: dict[str, Readers] = {"threads": ThreadReaders()}
    pools = {f"{count} processes": ProcessReaders(count) for count in processes}
    ways |= pools
    for readers in ways.values():
        _pass(readers, recordings[:at_a_time], at_a_time)  # their processes start here
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, readers in ways.items():
            started = time.perf_counter()
            seconds = _pass(readers, recordings, at_a_time)
            taken[name].append(seconds / (time.perf_counter() - started))
    table = Table("read by", "x real time", "memory of the processes, MiB")
    for name, speeds in taken.items():
        table.add_row(name, f"{statistics.median(speeds):.0f}", f"{_memory(pools.get(name)):.0f}")
    console.print(table)
    for pool in pools.values():
        pool.close()


def _pass(readers: Readers, recordings: Sequence[Path], at_a_time: int) -> float:
    """Read all recordings; how many seconds they have."""
    with ThreadPoolExecutor(at_a_time) as threads:
        return sum(threads.map(lambda path: _seconds(readers, path), recordings))


def _seconds(readers: Readers, path: Path) -> float:
    source = readers.open(Cutting(path, Listening(), ChunkRules()), lambda: None, lambda: None)
    for _ in source:
        pass
    return source.report.seconds


def _memory(pool: ProcessReaders | None) -> float:
    """Memory of a pool's processes, what they share counted once."""
    pids = () if pool is None else pool.pids
    return sum(psutil.Process(pid).memory_full_info().pss for pid in pids) / 1024**2


if __name__ == "__main__":
    app()
