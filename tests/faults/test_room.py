"""No kind of task takes the room of another: long recordings, slow downloads, a full disk."""

from collections.abc import Callable, Iterator

import pytest

from app.schemas.task import ENDED, Priority, Task, TaskStatus
from tests.faults.harness import Service
from tests.support.web_server import Server, answer, endless

pytestmark = pytest.mark.faults

FOR_EVER = 600.0
"""Seconds of work: more than a test takes."""

ONE_PLACE = {"TASKS_IN_FLIGHT": "1", "FETCH_SLOTS": "2", "FETCH_PRIVATE_ADDRESSES": "true"}


@pytest.fixture
def server() -> Iterator[Server]:
    """Somebody else's, which has a recording for the fake engine, and others that never come to an end."""
    with Server() as started:
        started.answers["/drips"] = endless(started, b"HTTP/1.1 200 OK\r\n\r\n", b"x", pause=0.1)
        started.answers["/talk"] = answer(body=b'{"text": "from afar"}')
        yield started


def recording(service: Service, length: float, priority: Priority = Priority.NORMAL, **work: object) -> Task:
    """A task whose recording is so long; the fake engine takes as long as `work` says."""
    return service.new_task(**work).model_copy(update={"duration": length, "priority": priority})


def download(service: Service, url: str) -> Task:
    """A task whose recording a worker has to fetch."""
    task = service.new_task()
    return Task(task_id=task.task_id, file_path=task.file_path, model="base", url=url)


async def send(service: Service, *tasks: Task) -> list[str]:
    for task in tasks:
        await service.producer.enqueue(task)
    return [task.task_id for task in tasks]


async def begun(service: Service, count: int, names: list[str]) -> None:
    """Wait until so many of the tasks are in the engine."""

    async def reached() -> bool:
        return sum(service.executions(name) for name in names) >= count

    await service.until(reached, 60)


async def none_ended(service: Service, names: list[str]) -> bool:
    return not any([(await service.state(name)).status in ENDED for name in names])


@pytest.mark.parametrize(
    "late",
    [
        lambda service: recording(service, 7),
        lambda service: recording(service, 7, Priority.HIGH),
        lambda service: recording(service, 3600, Priority.HIGH),
        lambda service: recording(service, 3600).model_copy(update={"trim": 5.0}),
    ],
    ids=["short", "short and high", "high", "trimmed to be short"],
)
async def test_it_waits_behind_no_long_recordings(service: Service, late: Callable[[Service], Task]) -> None:
    service.start_worker(TASKS_IN_FLIGHT="2")
    long_ones = [recording(service, 1200, seconds=FOR_EVER) for _ in range(6)]
    names = await send(service, *long_ones)
    await begun(service, 2, names)
    [name] = await send(service, late(service))
    states = await service.ended([name], 30)

    assert states[name].status is TaskStatus.DONE
    assert await none_ended(service, names)
    assert sum(service.executions(long_one) for long_one in names) == 2, "they have the room that they had"


async def test_long_recordings_with_priority_take_no_room_of_short_ones(service: Service) -> None:
    service.start_worker(TASKS_IN_FLIGHT="2", HIGH_SLOTS="1")
    long_ones = [recording(service, 1200, Priority.HIGH, seconds=FOR_EVER) for _ in range(6)]
    names = await send(service, *long_ones)
    await begun(service, 3, names)
    short = await send(service, recording(service, 7), recording(service, 7, Priority.HIGH))

    assert {state.status for state in (await service.ended(short, 30)).values()} == {TaskStatus.DONE}
    assert await none_ended(service, names)


async def test_downloads_take_no_room_of_recordings(service: Service, server: Server) -> None:
    service.start_worker(**ONE_PLACE)
    slow = await send(service, *(download(service, server.url("/drips")) for _ in range(6)))
    await service.until(lambda: _seen(server, 2), 60)
    names = await send(service, recording(service, 1200), recording(service, 7))

    assert {state.status for state in (await service.ended(names, 30)).values()} == {TaskStatus.DONE}
    assert await none_ended(service, slow)
    assert len(server.requests) == 2, "and no more are fetched than there are places for that"


async def _seen(server: Server, count: int) -> bool:
    return len(server.requests) >= count


async def test_a_recording_is_fetched_while_others_are_transcribed(service: Service, server: Server) -> None:
    """It then waits for a place in its turn, and is transcribed."""
    service.start_worker(**ONE_PLACE | {"SHORT_SLOTS": "0"})
    [first] = await send(service, recording(service, 1200, seconds=FOR_EVER))
    await begun(service, 1, [first])
    [name] = await send(service, download(service, server.url("/talk")))
    file = service.recordings / f"{name}.download"

    async def is_there() -> bool:
        return file.exists()

    await service.until(is_there, 30)
    assert await none_ended(service, [first, name])
    await service.delete(first)
    result = (await service.ended([name], 30))[name].result
    assert result is not None
    assert result["text"] == "from afar"


@pytest.mark.volume
async def test_nothing_is_fetched_while_the_disk_is_full(service: Service, server: Server) -> None:
    """The tasks wait: they need no attempt to find out."""
    service.start_worker(**ONE_PLACE | {"MIN_FREE_DISK_MB": str(10**9)})
    waiting = await send(service, download(service, server.url("/talk")))
    names = await send(service, recording(service, 7))
    await service.ended(names, 30)

    assert server.requests == []
    assert [(await service.state(name)).status for name in waiting] == [TaskStatus.QUEUED]
    assert await service.client.hget(service.keys.task(waiting[0]), "attempts") == b"0"


async def test_a_download_of_a_deleted_task_ends(service: Service, server: Server) -> None:
    service.start_worker(**ONE_PLACE)
    names = await send(service, *(download(service, server.url("/drips")) for _ in range(2)))
    await service.until(lambda: _seen(server, 2), 60)
    for name in names:
        await service.delete(name)
    await service.forgotten(names)
    [done] = await send(service, download(service, server.url("/talk")))
    assert (await service.ended([done], 30))[done].status is TaskStatus.DONE
