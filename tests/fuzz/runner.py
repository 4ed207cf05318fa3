"""Sends mutants through the child process and counts what becomes of them."""

import contextlib
import json
import select
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz.mutants import mutant

MEMORY_MB = 3072
"""Address space of the child, of which FFmpeg, numpy and the speech detector map a part at once."""

HANG_SECONDS = 120.0
"""A mutant that takes longer hangs."""

DIED, HUNG = "died", "hung"


@dataclass
class Result:
    """Outcomes by what they say, with the numbers of those that must not be."""

    outcomes: Counter[str] = field(default_factory=Counter)
    faults: dict[int, str] = field(default_factory=dict)
    slowest_seconds: float = 0.0
    peak_mb: int = 0
    children: int = 0


def run(numbers: Iterable[int], sources: list[Path], folder: Path, memory_mb: int = MEMORY_MB) -> Result:
    """Send these mutants; the child is started again only where it died or hung."""
    contents = [source.read_bytes() for source in sources]
    result = Result()
    child = None
    for number in numbers:
        path = folder / f"mutant{number % 8}"  # without an extension: the content tells
        path.write_bytes(mutant(number, contents))
        if child is None:
            child = _start(memory_mb)
            result.children += 1
        outcome, seconds, peak = _ask(child, path, number)
        result.outcomes[outcome.split(":")[0]] += 1
        result.slowest_seconds, result.peak_mb = (
            max(result.slowest_seconds, seconds),
            max(result.peak_mb, peak),
        )
        if outcome in (DIED, HUNG) or outcome.startswith("uncaught"):
            result.faults[number] = outcome
        if outcome in (DIED, HUNG):
            _stop(child)
            child = None
    if child is not None:
        _stop(child)
    return result


def _start(memory_mb: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.fuzz.child", str(memory_mb)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _ask(child: "subprocess.Popen[str]", path: Path, number: int) -> tuple[str, float, int]:
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(f"{path} {number}\n")
        child.stdin.flush()
    ready, _, _ = select.select([child.stdout], [], [], HANG_SECONDS)
    if not ready:
        return HUNG, HANG_SECONDS, 0
    answer = child.stdout.readline()
    if not answer:
        return DIED, 0.0, 0
    outcome, seconds, peak = json.loads(answer)
    return outcome, seconds, peak


def _stop(child: "subprocess.Popen[str]") -> None:
    with child:
        child.kill()


def lines(result: Result) -> Iterator[str]:
    """The result for people."""
    total = sum(result.outcomes.values())
    yield f"{total} mutants, {result.children} process(es)"
    yield f"peak {result.peak_mb} MB, slowest {result.slowest_seconds} s of processor time"
    for outcome, count in result.outcomes.most_common():
        yield f"{count:6}  {outcome}"
    for number, outcome in result.faults.items():
        yield f"FAULT  mutant {number}: {outcome}"
