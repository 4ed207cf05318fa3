"""Places of a worker for tasks: some for all, some kept for those that must not wait, some for fetching."""

import asyncio
from collections.abc import Callable, Mapping
from enum import StrEnum

from app.asr.hardware import tasks_in_flight
from app.core.config import Settings
from app.queue.room import Room, is_short
from app.schemas.task import Priority, Task


class Slot(StrEnum):
    """Kinds of places, by who may have them."""

    NORMAL = "normal"  # any recording
    HIGH = "high"  # recordings that go first
    SHORT = "short"  # recordings of at most SHORT_SECONDS
    FETCH = "fetch"  # recordings that are yet to be fetched


RECORDING_SLOTS = (Slot.NORMAL, Slot.HIGH, Slot.SHORT)
"""In the order in which they are filled: those that are kept come last."""


def slot_sizes(settings: Settings) -> dict[Slot, int]:
    """How many places of each kind the settings ask for."""
    return {
        Slot.NORMAL: tasks_in_flight(settings),
        Slot.HIGH: settings.high_slots,
        Slot.SHORT: settings.short_slots,
        Slot.FETCH: settings.fetch_slots,
    }


class Slots:
    """The places of one worker; not thread-safe (one event loop)."""

    def __init__(self, sizes: Mapping[Slot, int], short_seconds: float) -> None:
        self._short_seconds = short_seconds
        self._free = dict(sizes)
        self._offered: set[Slot] = set()
        self._entering = 0
        self._changed = asyncio.Event()

    async def some_free(self) -> bool:
        """Wait until a place is free."""
        await self._until(lambda: any(count > 0 for count in self._free.values()))
        return True

    def offer(self, *, may_fetch: bool) -> Room:
        """What there is room for; a place of each kind is held until `accept` tells what came of the offer.

        Recordings that have been fetched come before those that still wait.
        """
        left = {slot: count - self._entering for slot, count in self._free.items()}
        left[Slot.FETCH] = self._free[Slot.FETCH] if may_fetch else 0
        self._offered = {slot for slot, count in left.items() if count > 0}
        for slot in self._offered:
            self._free[slot] -= 1
        return Room(
            normal=Slot.NORMAL in self._offered,
            high=Slot.HIGH in self._offered,
            short=Slot.SHORT in self._offered,
            fetch=Slot.FETCH in self._offered,
            short_seconds=self._short_seconds,
        )

    def accept(self, task: Task | None) -> "Place | None":
        """The place of the task that the offer led to; where it led to none, None."""
        offered, self._offered = self._offered, set()
        slot = None if task is None else self._best(task, offered)
        if slot is not None and slot not in offered:
            self._free[slot] -= 1  # the queue judged its element otherwise: it is one too many
        for other in offered - {slot}:
            self.leave(other)
        return None if slot is None else Place(self, slot)

    async def enter(self, task: Task) -> Slot:
        """Wait for a place where a recording may be transcribed, and take it."""
        kinds = self._kinds(task)
        self._entering += 1
        try:
            await self._until(lambda: any(self._free[slot] > 0 for slot in kinds))
        finally:
            self._entering -= 1
        slot = next(slot for slot in kinds if self._free[slot] > 0)
        self._free[slot] -= 1
        return slot

    def leave(self, slot: Slot) -> None:
        """A place is free again."""
        self._free[slot] += 1
        self._changed.set()

    def _best(self, task: Task, offered: set[Slot]) -> Slot:
        if task.url is not None:
            return Slot.FETCH
        return next((slot for slot in self._kinds(task) if slot in offered), Slot.NORMAL)

    def _kinds(self, task: Task) -> list[Slot]:
        may_have = {
            Slot.NORMAL: True,
            Slot.HIGH: task.priority is Priority.HIGH,
            Slot.SHORT: is_short(task, self._short_seconds),
        }
        return [slot for slot in RECORDING_SLOTS if may_have[slot]]

    async def _until(self, true: Callable[[], bool]) -> None:
        while not true():
            self._changed.clear()
            await self._changed.wait()


class Place:
    """The place of one task, which may change while it is worked on."""

    def __init__(self, slots: Slots, slot: Slot) -> None:
        self._slots = slots
        self.slot = slot

    async def move(self, task: Task) -> None:
        """The recording has been fetched: wait for a place where it may be transcribed.

        Until then it keeps the one that it has: a worker must not fetch more than it will soon come to.
        """
        slot = await self._slots.enter(task)
        self.leave()
        self.slot = slot

    def leave(self) -> None:
        """The task has ended."""
        self._slots.leave(self.slot)
