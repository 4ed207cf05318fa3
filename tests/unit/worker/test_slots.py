"""Places of a worker: who gets which, who waits, and that each is given back."""

import asyncio

import pytest

from app.queue.room import Room
from app.schemas.task import Priority, Task
from app.worker.slots import Place, Slot, Slots

SIZES = {Slot.NORMAL: 1, Slot.HIGH: 1, Slot.SHORT: 1, Slot.FETCH: 1}


def recording(length: float | None = 1200, priority: Priority = Priority.NORMAL) -> Task:
    return Task(task_id="t", file_path="t.wav", duration=length, priority=priority)


LONG, SHORT = recording(), recording(7)
HIGH, SHORT_AND_HIGH = recording(1200, Priority.HIGH), recording(7, Priority.HIGH)
DOWNLOAD = Task(task_id="u", file_path="u.wav", url="https://example.org/a.mp3")


def make(**sizes: int) -> Slots:
    return Slots({**SIZES, **{Slot(name): size for name, size in sizes.items()}}, 60.0)


def taken(slots: Slots, *tasks: Task) -> list[Slot]:
    """The places that tasks get, one after the other."""
    places = []
    for task in tasks:
        slots.offer(may_fetch=True)
        place = slots.accept(task)
        assert place is not None
        places.append(place.slot)
    return places


@pytest.mark.parametrize(
    ("tasks", "slots"),
    [
        ([LONG, HIGH, SHORT, DOWNLOAD], ["normal", "high", "short", "fetch"]),
        ([HIGH, SHORT, DOWNLOAD], ["normal", "short", "fetch"]),
        ([SHORT, SHORT, LONG], ["normal", "short", "normal"]),  # the last one is one too many
        ([LONG, SHORT_AND_HIGH, SHORT_AND_HIGH], ["normal", "high", "short"]),
    ],
)
async def test_what_is_kept_is_filled_last(tasks: list[Task], slots: list[str]) -> None:
    assert taken(make(), *tasks) == slots


async def test_what_there_is_room_for() -> None:
    slots = make()
    assert slots.offer(may_fetch=True) == Room(short_seconds=60)
    slots.accept(LONG)
    assert slots.offer(may_fetch=True) == Room(normal=False, short_seconds=60)
    assert slots.accept(None) is None
    assert slots.offer(may_fetch=False) == Room(normal=False, fetch=False, short_seconds=60)
    slots.accept(HIGH)
    assert slots.offer(may_fetch=True) == Room(normal=False, high=False, short_seconds=60)
    slots.accept(SHORT)
    assert slots.offer(may_fetch=True).longest(high=True) == 0


async def test_a_place_that_is_left_is_free_again() -> None:
    slots = make(high=0, short=0, fetch=0)
    slots.offer(may_fetch=True)
    place = slots.accept(LONG)
    assert place is not None
    waiting = asyncio.create_task(slots.some_free())
    await asyncio.sleep(0)
    assert not waiting.done()
    place.leave()
    assert await waiting


async def test_what_is_fetched_waits_for_a_place_and_keeps_its_own_until_then() -> None:
    slots = make(high=0)
    normal, download = _place(slots, LONG), _place(slots, DOWNLOAD)
    moving = asyncio.create_task(download.move(DOWNLOAD.model_copy(update={"duration": 1200.0})))
    await asyncio.sleep(0)
    assert not moving.done()
    assert not slots.offer(may_fetch=True).fetch
    slots.accept(None)
    normal.leave()
    assert not slots.offer(may_fetch=True).normal, "it comes before those that still wait"
    slots.accept(None)
    await moving
    assert download.slot is Slot.NORMAL
    assert slots.offer(may_fetch=True).fetch


async def test_what_turns_out_to_be_short_has_its_place() -> None:
    slots = make(high=0)
    _place(slots, LONG)
    download = _place(slots, DOWNLOAD)
    await download.move(DOWNLOAD.model_copy(update={"duration": 7.0}))
    assert download.slot is Slot.SHORT


async def test_who_is_cancelled_while_waiting_takes_no_place() -> None:
    slots = make(high=0, short=0)
    normal, download = _place(slots, LONG), _place(slots, DOWNLOAD)
    moving = asyncio.create_task(download.move(DOWNLOAD))
    await asyncio.sleep(0)
    moving.cancel()
    await asyncio.wait([moving])
    download.leave()
    normal.leave()
    room = slots.offer(may_fetch=True)
    assert (room.normal, room.fetch) == (True, True)


def _place(slots: Slots, task: Task) -> Place:
    slots.offer(may_fetch=True)
    place = slots.accept(task)
    assert place is not None
    return place
