"""What a worker does about models that it cannot have, with the other workers in a real Redis."""

from collections.abc import AsyncIterator

import pytest

from app.core.config import Settings
from app.queue.room import Demand
from app.queue.troubles import Troubles
from app.schemas.operations import ModelTrouble, WorkerTroubles
from app.schemas.task import Task, TaskFailure, TaskKind
from app.worker.models import ModelWatch
from tests.support.queue import Queue, connected

TASK = Task(task_id="t", file_path="t.wav", model="base")
BASE = Demand("base", TaskKind.TRANSCRIBE)
MISSING = TaskFailure(code="model_unavailable", message="It cannot be loaded.")
NO_MEMORY = TaskFailure(code="model_out_of_memory", message="There is not enough memory.")


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    async with connected(settings) as running:
        await running.worker("me")
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watch(queue: Queue, clock: Clock) -> ModelWatch:
    return ModelWatch(queue.settings, "me", Troubles(queue.commands, queue.settings), clock)


async def other(queue: Queue, *, lacks: bool) -> None:
    """Another worker, which lacks the model or may have it."""
    await queue.worker("other")
    trouble = ModelTrouble(
        model="base", task=TaskKind.TRANSCRIBE, code=MISSING.code, message=MISSING.message, lacks=lacks
    )
    await Troubles(queue.commands, queue.settings).tell("other", WorkerTroubles(models=(trouble,)))


async def test_another_worker_may_have_it(queue: Queue, watch: ModelWatch, clock: Clock) -> None:
    await queue.worker("other")
    assert not await watch.failed(TASK, MISSING)
    assert watch.unwanted == {BASE}
    assert watch.leaves(TASK)
    assert watch.known(TASK) == MISSING
    clock.now = 30.0
    assert watch.unwanted == frozenset()
    assert watch.known(TASK) is None
    assert not await watch.failed(TASK, MISSING)
    clock.now = 60.0
    assert watch.unwanted == {BASE}, "the pause has doubled"


async def test_nobody_else_has_it(queue: Queue, watch: ModelWatch) -> None:
    await other(queue, lacks=True)
    assert await watch.failed(TASK, MISSING)
    assert watch.unwanted == frozenset(), "its tasks are taken, and end"
    assert watch.known(TASK) == MISSING
    await other(queue, lacks=False)
    await watch.look()
    assert watch.unwanted == {BASE}


async def test_a_worker_that_is_lost_has_nothing(queue: Queue, watch: ModelWatch) -> None:
    await queue.worker("other")
    await queue.lapse("other")
    assert await watch.failed(TASK, MISSING)


async def test_a_worker_that_is_silent_may_come_back(queue: Queue, watch: ModelWatch) -> None:
    seconds, _ = await queue.commands.time()
    await queue.worker("other")
    await queue.commands.zadd(queue.keys.workers, {"other": (seconds - 5) * 1000})
    assert not await watch.failed(TASK, MISSING)


async def test_memory_may_come_back(queue: Queue, watch: ModelWatch, clock: Clock) -> None:
    for _ in range(queue.settings.max_attempts - 1):
        assert not await watch.failed(TASK, NO_MEMORY)
        assert watch.unwanted == {BASE}, "nobody else is there, and yet the task waits"
        clock.now += 600.0
    assert await watch.failed(TASK, NO_MEMORY)


async def test_tasks_of_one_load_count_once(queue: Queue, watch: ModelWatch, clock: Clock) -> None:
    for _ in range(10):
        assert not await watch.failed(TASK, NO_MEMORY)
    clock.now = 30.0
    assert watch.known(TASK) is None


async def test_a_model_that_is_loaded_is_no_trouble(watch: ModelWatch) -> None:
    await watch.failed(TASK, MISSING)
    assert [each.model for each in watch.troubles] == ["base"]
    watch.loaded(TASK)
    assert (watch.troubles, watch.unwanted, watch.known(TASK)) == ((), frozenset(), None)


async def test_what_nobody_asks_for_is_forgotten(watch: ModelWatch, clock: Clock) -> None:
    await watch.failed(TASK, MISSING)
    clock.now = 600.0
    await watch.look()
    assert watch.troubles
    clock.now = 631.0
    await watch.look()
    assert watch.troubles == ()


async def test_what_is_told_ends_with_its_worker(queue: Queue) -> None:
    troubles = Troubles(queue.commands, queue.settings)
    await other(queue, lacks=True)
    assert (await troubles.of_the_living())["other"].lacks("base", TaskKind.TRANSCRIBE)
    await queue.lapse("other")
    await troubles.tell("me", WorkerTroubles(storage="No volume."))
    assert await troubles.of_the_living() == {"me": WorkerTroubles(storage="No volume.")}
    assert await queue.commands.hkeys(queue.keys.troubles) == [b"me"]
    await troubles.tell("me", WorkerTroubles())
    assert not await queue.commands.exists(queue.keys.troubles)
    await queue.commands.hset(queue.keys.troubles, "me", "{")
    assert await troubles.of_the_living() == {"me": WorkerTroubles()}
