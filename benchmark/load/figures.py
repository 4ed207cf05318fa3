"""What a load gave: throughput, time to done, age of the queue, use of the machine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.energy import NOTHING_TOLD, MachineUse
from benchmark.load.arrivals import Arrivals, Kind
from benchmark.load.driver import Trip
from benchmark.load.watch import ProcessUse

RAMP = 0.15
"""Share of the time after which throughput counts: at first nothing can be done yet."""

PERCENTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class LoadFigures:
    """One load; times in seconds. What a service elsewhere does not tell is None."""

    workers: int
    arrivals: Arrivals
    sent: int
    failed: int
    errors: tuple[str, ...]
    audio_hours_per_hour: float
    done_seconds: tuple[float, float, float]
    oldest_seconds: float | None
    most_waiting: int | None
    processes: dict[str, ProcessUse]
    machine: MachineUse = NOTHING_TOLD


def figures_of(
    workers: int,
    arrivals: Arrivals,
    trips: Sequence[Trip],
    seconds: float,
    queue: tuple[Sequence[float], Sequence[int]],
    processes: dict[str, ProcessUse],
    machine: MachineUse = NOTHING_TOLD,
) -> LoadFigures:
    """The figures of a load that lasted `seconds`; `queue` are the ages and lengths that were seen.

    Throughput counts what is done between the ramp and the end: what was begun before the ramp counts whole,
    and for that what is in hand at the end does not.
    """
    done = [trip for trip in trips if trip.error is None]
    counted = [trip.seconds for trip in done if RAMP * seconds <= trip.done <= seconds]
    ages, lengths = queue
    return LoadFigures(
        workers=workers,
        arrivals=arrivals,
        sent=len(trips),
        failed=len(trips) - len(done),
        errors=tuple(dict.fromkeys(trip.error for trip in trips if trip.error is not None)),
        audio_hours_per_hour=sum(counted) / (seconds * (1 - RAMP)),
        done_seconds=_done_seconds(done),
        oldest_seconds=max(ages, default=None),
        most_waiting=max(lengths, default=None),
        processes=processes,
        machine=machine,
    )


def _done_seconds(done: Sequence[Trip]) -> tuple[float, float, float]:
    """PERCENTILES of the time to done."""
    if not done:
        return 0.0, 0.0, 0.0
    p50, p95, p99 = np.percentile([trip.taken for trip in done], PERCENTILES)
    return float(p50), float(p95), float(p99)


def efficiency(one: LoadFigures, figures: Sequence[LoadFigures]) -> float | None:
    """Throughput over that of as many times the fewest workers under the same load; closed loads only.

    Others are given what they can do, so that their throughput says nothing of what workers could.
    """
    same = [each for each in figures if each.arrivals == one.arrivals]
    fewest = min(same, key=lambda each: each.workers)
    if one.arrivals.kind is not Kind.CLOSED or not fewest.audio_hours_per_hour or one is fewest:
        return None
    share = one.audio_hours_per_hour / fewest.audio_hours_per_hour
    return share * fewest.workers / one.workers
