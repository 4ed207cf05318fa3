"""When waiting tasks will be done: each takes the place that is free first, of those that it may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heapify, heapreplace
from statistics import fmean


@dataclass(frozen=True, slots=True)
class Work:
    """What is left of a task: seconds, at the pace of one that runs beside others; None: nobody knows."""

    seconds: float | None
    is_short: bool = False
    is_high: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Places that all workers together keep for recordings that go first, and for short ones."""

    high: int
    short: int


def ends(running: Sequence[Work], waiting: Sequence[Work], kept: Kept) -> list[float | None]:
    """Seconds until each waiting task is done, in the order in which they are taken; None where unknown.

    There are as many places for all as are taken now: where one were free, nobody would wait. What is unknown
    is taken for average.
    """
    known = [work.seconds for work in (*running, *waiting) if work.seconds is not None]
    if not known:
        return [None] * len(waiting)
    typical = fmean(known)
    places = _places(running, kept, typical)
    found: list[float | None] = []
    for work in waiting:
        open_to = [places.normal]
        open_to += [places.high] if work.is_high and places.high else []
        open_to += [places.short] if work.is_short and places.short else []
        first = min(open_to, key=lambda heap: heap[0])
        end = first[0] + (typical if work.seconds is None else work.seconds)
        heapreplace(first, end)
        found.append(None if work.seconds is None else end)
    return found


@dataclass(frozen=True, slots=True)
class _Places:
    """Heaps of the times at which places become free."""

    normal: list[float]
    high: list[float]
    short: list[float]


def _places(running: Sequence[Work], kept: Kept, typical: float) -> _Places:
    """The places, those that are kept being taken by whom they are kept for."""
    places = _Places([], [], [])
    for work in running:
        seconds = typical if work.seconds is None else work.seconds
        if work.is_short and len(places.short) < kept.short:
            places.short.append(seconds)
        elif work.is_high and len(places.high) < kept.high:
            places.high.append(seconds)
        else:
            places.normal.append(seconds)
    places.short.extend([0.0] * (kept.short - len(places.short)))
    places.high.extend([0.0] * (kept.high - len(places.high)))
    places.normal.extend([] if places.normal else [0.0])
    for heap in (places.normal, places.high, places.short):
        heapify(heap)
    return places
