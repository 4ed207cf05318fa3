"""The measuring process: `python -m benchmark.engine.child`; a `Round` on stdin, a `Passed` on stdout."""

import os
import sys
import time
from pathlib import Path

from app.core.config import Settings
from benchmark.engine.messages import Passed, Round
from benchmark.engine.systems import SYSTEMS

SHORTEST_FIRST = 1
"""Recordings transcribed before the clock starts: the first call of a runtime allocates and compiles."""


def run(order: Round) -> Passed:
    """Load, warm up, transcribe."""
    paths = [Path(audio) for audio in order.audios]
    started = time.perf_counter()
    system = SYSTEMS[order.system](order, Settings(**order.settings))  # type: ignore[arg-type]
    load_seconds = time.perf_counter() - started
    try:
        system.transcribe(sorted(paths, key=lambda path: path.stat().st_size)[:SHORTEST_FIRST])
        started, cpu_started = time.perf_counter(), system.cpu_seconds()
        said = system.transcribe(paths)
        seconds, cpu = time.perf_counter() - started, system.cpu_seconds()
        return Passed(
            load_seconds=load_seconds,
            seconds=seconds,
            cpu_seconds=None if cpu is None or cpu_started is None else cpu - cpu_started,
            peak_memory_mb=system.peak_memory_mb(),
            device_busy=system.device_busy(),
            said=tuple(said),
        )
    finally:
        system.close()


def main() -> None:
    """Measure what stdin asks for."""
    with os.fdopen(os.dup(1), "w") as out:
        os.dup2(2, 1)  # what a library prints must not get into the answer
        out.write(run(Round.model_validate_json(sys.stdin.read())).model_dump_json())


if __name__ == "__main__":
    main()
