"""The work that is left, on real servers."""

from collections.abc import AsyncIterator, Callable
from statistics import fmean

import pytest

from app.core.config import Settings
from app.queue.backlog import LEAST_SECONDS, SAMPLE, UNKNOWN_COST, UNKNOWN_SECONDS, Backlog, Left, spans
from app.queue.cost import REMEMBERED_SECONDS, Cost
from app.queue.payload import dump_task
from app.schemas.task import Task
from app.schemas.window import WindowDone, WindowTranscript
from tests.support.queue import FAILURE, Queue, claim, connected, task, urgent_task


def lasting(seconds: float | None, task_id: str = "t", **fields: object) -> Task:
    return task(task_id).model_copy(update={"duration": seconds, "model": "base"} | fields)


def window(end: float, length: float) -> WindowDone:
    done = WindowTranscript(number=0, start=0.0, end=end, segments=())
    return WindowDone(plan="p", window=done, covered=end, duration=length)


async def left(queue: Queue) -> Left:
    backlog = Backlog(queue.commands, queue.settings)
    waiting = await backlog.waiting()
    holdings = await queue.admin.workers()
    return await backlog.left(waiting, [held for each in holdings for held in each.payloads])


async def cost(queue: Queue, **models: float) -> None:
    for model, seconds in models.items():
        await Cost(queue.commands, queue.settings).note(model, seconds * 100, 100)


async def test_nothing_is_left_of_nothing(queue: Queue) -> None:
    await queue.worker()
    assert await left(queue) == Left(0.0, 0.0)


async def test_what_waits_counts_with_its_length_and_what_its_model_costs(queue: Queue) -> None:
    await cost(queue, base=0.5, small=2.0)
    await queue.producer.enqueue(lasting(100, "a"))
    await queue.producer.enqueue(lasting(100, "b", model="small", priority=urgent_task("b").priority))
    await queue.producer.enqueue(lasting(100, "c", trim=10.0))

    assert await left(queue) == Left(300.0, 50.0 + 200.0 + 5.0)


async def test_what_is_not_known_is_taken_for_usual(queue: Queue) -> None:
    await queue.producer.enqueue(lasting(None, "a"))
    assert await left(queue) == Left(0.0, UNKNOWN_SECONDS * UNKNOWN_COST)

    await cost(queue, small=1.0, medium=3.0)
    assert await left(queue) == Left(0.0, UNKNOWN_SECONDS * 2.0)


async def test_what_runs_counts_less_what_its_windows_have_done(queue: Queue) -> None:
    await cost(queue, base=1.0)
    await queue.producer.enqueue(lasting(None))
    worker = await queue.worker()
    held = await claim(worker)
    assert await left(queue) == Left(0.0, UNKNOWN_SECONDS)

    await worker.checkpoints.save(held, window(30.0, 100.0))
    assert await left(queue) == Left(0.0, 70.0)


async def test_a_task_is_work_until_it_has_ended(queue: Queue) -> None:
    """The list is empty, all windows are done, its worker may be lost: without a worker it would stay so."""
    await queue.producer.enqueue(lasting(100))
    worker = await queue.worker()
    held = await claim(worker)
    await worker.checkpoints.save(held, window(100.0, 100.0))
    assert (await left(queue)).work_seconds == LEAST_SECONDS

    await queue.lapse("w1")
    assert (await left(queue)).work_seconds == LEAST_SECONDS
    await worker.complete(held, "{}")
    assert (await left(queue)).work_seconds == 0


async def test_what_waits_for_another_attempt_and_what_is_no_task_are_work(queue: Queue) -> None:
    await queue.producer.enqueue(lasting(100))
    worker = await queue.worker()
    await worker.retry(await claim(worker), FAILURE, 3600.0)
    assert await left(queue) == Left(0.0, 100 * UNKNOWN_COST)

    await queue.push(b"no task")
    assert await left(queue) == Left(0.0, 100 * UNKNOWN_COST + LEAST_SECONDS)


async def test_a_long_list_is_told_from_a_sample(queue: Queue) -> None:
    """In bursts of one length each, as people send folders; today's first thousand would tell 100,000 s."""
    lengths = [100.0] * 6000 + [3000.0] * 3000 + [20.0] * 6000
    async with queue.commands.pipeline(transaction=False) as pipeline:
        for number, seconds in enumerate(lengths):
            pipeline.lpush(queue.keys.queue, dump_task(lasting(seconds, f"t{number}")))
        await pipeline.execute()
    await cost(queue, base=0.5)

    found = await left(queue)
    assert found.audio_seconds == pytest.approx(sum(lengths), rel=0.05)
    assert found.work_seconds == pytest.approx(sum(lengths) / 2, rel=0.05)


@pytest.fixture
async def counted(
    quick: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Queue, list[int]]]:
    """A queue, and the commands of each exchange with Redis."""
    exchanges: list[int] = []
    async with connected(quick()) as queue:
        pipeline = queue.commands.pipeline

        def counting(transaction: bool = True) -> object:
            made = pipeline(transaction=transaction)
            execute = made.execute

            async def counted_execute() -> object:
                exchanges.append(len(made.command_stack))
                return await execute()

            made.execute = counted_execute  # type: ignore[assignment]
            return made

        monkeypatch.setattr(queue.commands, "pipeline", counting)
        monkeypatch.setattr(queue.commands, "execute_command", None)  # nothing goes by itself
        yield queue, exchanges


async def test_it_takes_five_exchanges_however_much_there_is(
    counted: tuple[Queue, list[int]], quick: Callable[..., Settings]
) -> None:
    queue, exchanges = counted
    async with connected(queue.settings) as other:
        for number in range(40):
            worker = await other.worker(f"w{number}")
            await other.claimed(f"t{number}", worker)
        payloads = [dump_task(task(f"x{number}")) for number in range(5000)]
        await other.commands.lpush(other.keys.queue, *payloads)

    assert (await left(queue)).work_seconds > 0
    assert len(exchanges) == 5
    assert sum(exchanges) <= 200, "what a worker holds is read once"


@pytest.mark.parametrize("size", [0, 1, SAMPLE, SAMPLE + 1, 12_345, 1_000_000])
def test_a_sample_is_spread_over_the_list(size: int) -> None:
    read = [index for first, last in spans(size) for index in range(first, last + 1)]

    assert len(read) == min(size, SAMPLE)
    assert len(set(read)) == len(read)
    assert all(0 <= index < size for index in read)
    if size > SAMPLE:
        assert fmean(read) == pytest.approx(size / 2, rel=0.02)


async def test_costs_fade(queue: Queue) -> None:
    costs = Cost(queue.commands, queue.settings)
    await costs.note("base", 50.0, 100.0)
    await costs.note("base", 10.0, 0.0)
    assert await costs.by_model() == {"base": 0.5}

    for _ in range(20):
        await costs.note("base", REMEMBERED_SECONDS / 10, REMEMBERED_SECONDS / 2)
    assert (await costs.by_model())["base"] == pytest.approx(0.2, rel=0.01)

    await queue.commands.hset(queue.keys.cost, "base", "of another version")
    assert await costs.by_model() == {}
