"""What clients are told of tasks, and which of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import TaskNotFound
from app.core.stopping import Stopping
from app.queue.eta import EtaEstimator, RealTimeFactors
from app.schemas.caller import ANYBODY, Caller
from app.schemas.event import EventKind, TaskEvent
from app.schemas.task import Task, TaskPage, TaskStatus
from app.schemas.transcript import Segment
from app.schemas.window import WindowDone, WindowTranscript
from app.services.task_service import TaskService
from app.storage.local import LocalStorage
from tests.support.queue import FAILURE, RESULT, Queue, claim, connected, task


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    async with connected(settings) as queue:
        yield queue


@pytest.fixture
def service(queue: Queue) -> TaskService:
    return TaskService(
        queue.commands,
        queue.settings,
        LocalStorage(queue.settings),
        EtaEstimator(queue.commands, queue.settings),
        Stopping(),
    )


def done(number: int, text: str) -> WindowDone:
    segment = Segment(id=0, start=number, end=number + 1, text=text)
    window = WindowTranscript(number=number, start=number, end=number + 1, segments=(segment,))
    return WindowDone(plan="p", window=window, covered=1, duration=4)


class Files:
    """Recordings and their notes."""

    def __init__(self, storage: LocalStorage, settings: Settings) -> None:
        self._storage, self._settings = storage, settings

    def put(self, task_id: str) -> Path:
        recording = self._settings.upload_dir / f"{task_id}.wav"
        recording.parent.mkdir(parents=True, exist_ok=True)
        recording.write_bytes(b"sound")
        self._storage.outbox.save(Task(task_id=task_id, file_path=recording.name))
        return recording


@pytest.fixture
def files(settings: Settings) -> Files:
    return Files(LocalStorage(settings), settings)


async def test_a_task_is_known_from_its_enqueue_on(queue: Queue, service: TaskService) -> None:
    with pytest.raises(TaskNotFound):
        await service.state("t", ANYBODY)
    await queue.producer.enqueue(task("t"))
    assert (await service.state("t", ANYBODY)).status is TaskStatus.QUEUED


@pytest.mark.parametrize("task_id", ["", "a b", "*", "x" * 129, "task\n"])
async def test_a_malformed_id_is_unknown(service: TaskService, task_id: str) -> None:
    with pytest.raises(TaskNotFound):
        await service.state(task_id, ANYBODY)


async def test_a_task_is_seen_by_its_owner_alone(queue: Queue, service: TaskService) -> None:
    alice, bob = Caller("alice"), Caller("bob")
    await queue.producer.enqueue(task("t").model_copy(update={"owner": "alice"}))
    await queue.push(b'{"task_id": "foreign", "file_path": "f.wav"}')

    assert (await service.state("t", alice)).status is TaskStatus.QUEUED
    assert (await service.state("foreign", bob)).status is TaskStatus.QUEUED
    for call in (service.state("t", bob), service.wait("t", bob, 1), service.delete("t", bob)):
        with pytest.raises(TaskNotFound):
            await call
    with pytest.raises(TaskNotFound):
        await anext(service.follow("t", bob))
    assert [each.task_id for each in (await page(service, alice)).tasks] == ["t"]
    assert (await page(service, bob)).tasks == ()
    assert [each.task_id for each in (await page(service, ANYBODY)).tasks] == ["t"]


async def page(service: TaskService, caller: Caller) -> TaskPage:
    return await service.page(caller, status=None, limit=10, cursor=None)


async def test_who_waits_hears_of_the_end(queue: Queue, service: TaskService) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    waiting = asyncio.create_task(service.wait("t", ANYBODY, 20))
    await worker.complete(held, RESULT)

    assert (await waiting).status is TaskStatus.DONE


async def test_who_waits_is_told_in_time_that_it_has_not_ended(queue: Queue, service: TaskService) -> None:
    await queue.producer.enqueue(task("t"))
    assert (await service.wait("t", ANYBODY, 0.3)).status is TaskStatus.QUEUED


async def test_windows_are_told_in_order_and_once(queue: Queue, service: TaskService) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    following = aiter(service.follow("t", ANYBODY))
    heard = [await anext(following)]
    await worker.checkpoints.save(held, done(1, " two"))
    await worker.checkpoints.save(held, done(0, " one"))
    heard += [await anext(following) for _ in range(3)]
    await worker.complete(held, RESULT)
    heard += [event async for event in following]

    kinds = [EventKind.STATUS, EventKind.WINDOW, EventKind.WINDOW, EventKind.PROGRESS, EventKind.DONE]
    assert [event.kind for event in heard] == kinds
    assert [event.window.text for event in heard if event.window] == [" one", " two"]
    assert [event.windows for event in heard] == [0, 1, 2, 2, 2]
    assert heard[-1].state is not None
    assert heard[-1].state.result == {"text": "hello"}


async def test_who_comes_back_hears_what_is_new(queue: Queue, service: TaskService) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    for number, text in enumerate((" one", " two")):
        await worker.checkpoints.save(held, done(number, text))
    events: list[TaskEvent] = []
    async for event in service.follow("t", ANYBODY, windows=1):
        events.append(event)
        if event.state is not None and event.kind is not EventKind.DONE:
            await worker.complete(held, RESULT)

    assert [event.window.text for event in events if event.window] == [" two"]


async def test_a_failure_ends_the_story(queue: Queue, service: TaskService) -> None:
    worker = await queue.worker()
    await worker.fail(await queue.claimed("t", worker), FAILURE)
    [event] = [event async for event in service.follow("t", ANYBODY)]
    assert event.kind is EventKind.ERROR


async def test_nothing_is_left_of_a_deleted_task(queue: Queue, service: TaskService, files: Files) -> None:
    kept = files.put("t")
    await queue.producer.enqueue(task("t"))
    await service.delete("t", ANYBODY)

    assert not kept.exists()
    assert await queue.commands.keys(f"{queue.keys.queue}*") == []
    with pytest.raises(TaskNotFound):
        await service.state("t", ANYBODY)


async def test_a_running_task_is_gone_at_once_and_leaves_nothing_later(
    queue: Queue, service: TaskService, files: Files
) -> None:
    files.put("t")
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.checkpoints.save(held, done(0, " one"))
    await service.delete("t", ANYBODY)

    with pytest.raises(TaskNotFound):
        await service.state("t", ANYBODY)
    assert not await worker.checkpoints.save(held, done(1, " two"))
    assert await worker.complete(held, RESULT)
    assert await queue.commands.keys(f"{queue.keys.queue}*:t") == []
    assert await queue.commands.keys(f"{queue.keys.result_prefix}*") == []
    assert await queue.elements(queue.keys.processing("w1")) == []


async def test_a_task_that_redis_forgot_is_queued_and_may_be_deleted(
    service: TaskService, files: Files
) -> None:
    recording = files.put("t")
    assert (await service.state("t", ANYBODY)).status is TaskStatus.QUEUED
    await service.delete("t", ANYBODY)
    assert not recording.exists()
    with pytest.raises(TaskNotFound):
        await service.state("t", ANYBODY)


async def test_a_note_says_whose_task_it_is(queue: Queue, service: TaskService) -> None:
    noted = task("t").model_copy(update={"owner": "alice"})
    LocalStorage(queue.settings).outbox.save(noted)
    assert (await service.state("t", Caller("alice"))).status is TaskStatus.QUEUED
    with pytest.raises(TaskNotFound):
        await service.state("t", Caller("bob"))


async def test_a_deletion_that_redis_forgot_still_counts(
    queue: Queue, service: TaskService, files: Files
) -> None:
    files.put("t")
    await queue.producer.enqueue(task("t"))
    await service.delete("t", ANYBODY)
    await queue.producer.enqueue(task("t"))
    await queue.producer.enqueue(task("other"))

    for call in (service.state("t", ANYBODY), service.delete("t", ANYBODY), service.retry("t", ANYBODY)):
        with pytest.raises(TaskNotFound):
            await call
    assert [each.task_id for each in (await page(service, ANYBODY)).tasks] == ["other"]


async def test_a_result_that_was_removed_is_not_waited_for(
    queue: Queue, service: TaskService, files: Files
) -> None:
    """The task is done, as Redis knows: it is not taken for one that Redis has forgotten."""
    files.put("t")
    worker = await queue.worker()
    await worker.complete(await queue.claimed("t", worker), RESULT)
    await queue.commands.delete(queue.keys.result("t"))
    with pytest.raises(TaskNotFound):
        await service.state("t", ANYBODY)


async def test_a_place_in_line_is_told_with_the_time_it_takes(queue: Queue, service: TaskService) -> None:
    factors = RealTimeFactors(queue.commands, queue.settings)
    await factors.note("base", 0.5)
    for name, seconds in (("a", 60.0), ("b", 20.0)):
        await queue.producer.enqueue(task(name).model_copy(update={"model": "base", "duration": seconds}))
    states = [await service.state(name, ANYBODY) for name in ("a", "b")]

    assert [state.position for state in states] == [1, 2]
    assert [state.eta_seconds for state in states] == [30.0, 40.0]


async def test_what_runs_must_end_before_there_is_a_place(queue: Queue, service: TaskService) -> None:
    """And what is fetched takes no place, however slowly it comes."""
    await RealTimeFactors(queue.commands, queue.settings).note("base", 0.5)
    worker = await queue.worker()
    runs = task("runs").model_copy(update={"model": "base", "duration": 1000.0})
    fetched = task("fetched").model_copy(update={"model": "base", "url": "https://example.org/a.mp3"})
    for each in (runs, fetched):
        await queue.producer.enqueue(each)
    held = await claim(worker)
    await claim(worker)
    window = done(0, " one").model_copy(update={"covered": 400.0, "duration": 1000.0})
    await worker.checkpoints.save(held, window)
    await queue.producer.enqueue(
        task("long").model_copy(update={"model": "base", "duration": 100.0, "trim": 80.0})
    )
    await queue.producer.enqueue(task("short").model_copy(update={"model": "base", "duration": 7.0}))
    states = [await service.state(name, ANYBODY) for name in ("long", "short")]

    assert [state.eta_seconds for state in states] == [0.5 * 600 + 0.5 * 80, 0.5 * 7]


async def test_one_of_unknown_length_hides_the_time_of_no_other(queue: Queue, service: TaskService) -> None:
    await RealTimeFactors(queue.commands, queue.settings).note("base", 0.5)
    await queue.push(b'{"task_id":"pushed","file_path":"a.wav","model":"base"}')
    await queue.producer.enqueue(task("t").model_copy(update={"model": "base", "duration": 60.0}))
    states = [await service.state(name, ANYBODY) for name in ("pushed", "t")]

    assert [state.eta_seconds for state in states] == [None, 60.0]


async def test_of_an_unknown_pace_no_time_is_told(queue: Queue, service: TaskService) -> None:
    await queue.producer.enqueue(task("t"))
    state = await service.state("t", ANYBODY)
    assert (state.position, state.eta_seconds) == (1, None)


async def test_a_claimed_task_has_no_place(queue: Queue, service: TaskService) -> None:
    worker = await queue.worker()
    await queue.producer.enqueue(task("t"))
    await claim(worker)
    assert (await service.state("t", ANYBODY)).position is None
