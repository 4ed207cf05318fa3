"""Windows that are done are kept for whoever takes the task over, and no longer."""

import json
import random
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from app.core.config import Settings
from app.launcher.redis_server import RedisServer
from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.queue.outcomes import CheckpointOutcome
from app.schemas.task import TaskState, TaskStatus
from app.schemas.transcript import Segment
from app.schemas.window import WindowDone, WindowTranscript
from tests.support.queue import (
    FAILURE,
    RESULT,
    Queue,
    claim,
    claim_again,
    connected,
    task,
    urgent_task,
)


def done(number: int, *, plan: str = "plan", duration: float | None = 40.0) -> WindowDone:
    """A window of ten seconds that says its number."""
    text = f" w{number}"
    start, end = number * 10.0, number * 10.0 + 10
    window = WindowTranscript(
        number=number, start=start, end=end, segments=(Segment(id=0, start=start, end=end, text=text),)
    )
    return WindowDone(plan=plan, window=window, covered=10, duration=duration)


async def state(queue: Queue) -> TaskState:
    found = await queue.reader.state("t")
    assert found is not None
    return found


def test_workers_of_an_older_version_share_the_figures_of_windows() -> None:
    """Theirs are called `batch_places`, in what is saved and in what is lent."""
    window = done(0).window.model_copy(update={"batch_slots": 2.5})
    stored = json.loads(window.model_dump_json())
    assert (stored["batch_places"], "batch_slots" in stored) == (2.5, False)
    assert WindowTranscript.model_validate_json(json.dumps(stored)) == window
    assert (
        WindowDone.model_validate_json(done(0).model_copy(update={"window": window}).model_dump_json()).window
        == window
    )


async def test_what_is_saved_is_there_for_the_next_attempt(queue: Queue) -> None:
    worker = await queue.worker()
    first = await queue.claimed("t", worker)
    assert await worker.checkpoints.load(first) is None
    for number in (2, 0, 10):
        assert await worker.checkpoints.save(first, done(number))
    await worker.release(first)

    again = await claim_again(worker)
    checkpoint = await worker.checkpoints.load(again)

    assert checkpoint is not None
    assert checkpoint.plan == "plan"
    assert checkpoint.windows == (done(0).window, done(2).window, done(10).window)


async def test_a_lost_worker_leaves_its_windows_to_another(queue: Queue) -> None:
    lost, other = await queue.worker("w1"), await queue.worker("w2")
    await lost.checkpoints.save(await queue.claimed("t", lost), done(0))
    await queue.lapse("w1")
    await queue.maintenance.tick()

    checkpoint = await other.checkpoints.load(await claim(other))

    assert checkpoint is not None
    assert [window.number for window in checkpoint.windows] == [0]


async def test_a_window_counts_once(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)

    outcomes = [await queue.scripts.checkpoint("t", held.token, done(0)) for _ in range(2)]

    assert outcomes == [CheckpointOutcome.SAVED, CheckpointOutcome.KNOWN]
    assert (await state(queue)).processed_seconds == 10


async def test_the_text_of_many_windows_is_kept_in_few_fields(queue: Queue) -> None:
    """Else each window would have Redis write all text anew, or every poll read a field for each."""
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    numbers = list(range(130))
    random.Random(7).shuffle(numbers)
    for place, number in enumerate(numbers, 1):
        await worker.checkpoints.save(held, done(number))
        if place % 10 == 0:
            known = set(numbers[:place])
            first_missing = next(each for each in range(131) if each not in known)
            assert (await state(queue)).text == " ".join(f"w{each}" for each in range(first_missing))
    stored = cast(dict[bytes, bytes], await queue.commands.hgetall(queue.keys.windows("t")))
    assert len([field for field in stored if field.startswith(b"text")]) == 2 + 30
    checkpoint = await worker.checkpoints.load(held)
    assert checkpoint is not None
    assert [window.number for window in checkpoint.windows] == list(range(130))


async def test_the_text_that_an_older_worker_has_put_together_is_gone_on_with(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    for number in (0, 1, 3):
        await worker.checkpoints.save(held, done(number))
    windows = queue.keys.windows("t")
    await queue.commands.hdel(windows, "text:0", "text:1", "joined")
    await queue.commands.hset(windows, mapping={"text": " w0 w1", "following": 2})
    assert (await state(queue)).text == "w0 w1"

    await worker.checkpoints.save(held, done(2))

    assert (await state(queue)).text == "w0 w1 w2 w3"


async def test_an_older_worker_between_two_newer_ones_stops_no_text(queue: Queue) -> None:
    """It takes the texts that follow for itself, so that those of a chunk are no longer all there."""
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    for number in range(40):
        await worker.checkpoints.save(held, done(number))
    windows = queue.keys.windows("t")
    await queue.commands.hset(windows, mapping={"text": " w40 w41", "following": 42})

    for number in range(42, 60):
        assert await worker.checkpoints.save(held, done(number))

    assert ((await state(queue)).text or "").split()[-18:] == [f"w{number}" for number in range(42, 60)]


async def test_another_plan_begins_anew(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    for number in (0, 1):
        await worker.checkpoints.save(held, done(number))

    await worker.checkpoints.save(held, done(0, plan="other"))

    checkpoint = await worker.checkpoints.load(held)
    assert checkpoint is not None
    assert (checkpoint.plan, len(checkpoint.windows)) == ("other", 1)
    assert ((await state(queue)).processed_seconds, (await state(queue)).text) == (10, "w0")


async def test_who_lost_the_task_saves_nothing(queue: Queue) -> None:
    stale, other = await queue.worker("w1"), await queue.worker("w2")
    lost = await queue.claimed("t", stale)
    await queue.lapse("w1")
    await queue.maintenance.tick()
    held = await claim(other)

    assert not await stale.checkpoints.save(lost, done(0))
    assert await other.checkpoints.load(held) is None


async def test_windows_of_another_version_are_passed_over(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.checkpoints.save(held, done(0))
    await queue.commands.hset(queue.keys.windows("t"), "window:1", b"{}")

    checkpoint = await worker.checkpoints.load(held)

    assert checkpoint is not None
    assert [window.number for window in checkpoint.windows] == [0]


async def _complete(queue: Queue, worker: Consumer, held: Claim) -> None:
    await worker.complete(held, RESULT)


async def _fail(queue: Queue, worker: Consumer, held: Claim) -> None:
    await worker.fail(held, FAILURE)


async def _cancelled(queue: Queue, worker: Consumer, held: Claim) -> None:
    await worker.cancelled(held)


async def _deleted_at_work(queue: Queue, worker: Consumer, held: Claim) -> None:
    await queue.reader.delete("t", None)
    await worker.cancelled(held)


async def _deleted_in_line(queue: Queue, worker: Consumer, held: Claim) -> None:
    await worker.release(held)
    await queue.reader.delete("t", None)


async def _deleted_when_lost(queue: Queue, worker: Consumer, held: Claim) -> None:
    await queue.reader.delete("t", None)
    await queue.lapse("w1")
    await queue.maintenance.tick()


async def _last_attempt(queue: Queue, worker: Consumer, held: Claim) -> None:
    await queue.commands.hset(queue.keys.task("t"), "attempts", 3)
    await queue.lapse("w1")
    await queue.maintenance.tick()


async def _foreign_result(queue: Queue, worker: Consumer, held: Claim) -> None:
    await worker.release(held)
    await queue.commands.set(queue.keys.result("t"), RESULT)
    await queue.scripts.adopt("t")


@pytest.mark.parametrize(
    ("end", "status"),
    [
        *((each, TaskStatus.DONE) for each in (_complete, _foreign_result)),
        *((each, TaskStatus.ERROR) for each in (_fail, _cancelled, _last_attempt)),
        *((each, None) for each in (_deleted_at_work, _deleted_in_line, _deleted_when_lost)),
    ],
)
async def test_however_a_task_ends_its_windows_go(
    queue: Queue, end: Callable[[Queue, Consumer, Claim], Awaitable[None]], status: TaskStatus | None
) -> None:
    worker = await queue.worker("w1")
    held = await queue.claimed("t", worker)
    await worker.checkpoints.save(held, done(0))
    assert await queue.commands.exists(queue.keys.windows("t"))

    await end(queue, worker, held)

    ended = await queue.reader.state("t")
    assert (ended.status if ended else None) is status
    assert ended is None or ended.text is None
    assert not await queue.commands.exists(queue.keys.windows("t"))
    assert not await worker.checkpoints.save(held, done(1)), "a window that comes too late"
    assert not await queue.commands.exists(queue.keys.windows("t"))


async def test_a_task_that_is_queued_anew_begins_anew(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.fail(held, FAILURE)
    await queue.commands.hset(queue.keys.windows("t"), "window:0", done(0).window.model_dump_json())

    await queue.admin.requeue("t")

    assert await worker.checkpoints.load(await claim(worker)) is None


async def test_a_client_sees_the_text_grow_in_order(queue: Queue) -> None:
    worker = await queue.worker()
    await queue.producer.enqueue(task("t"))
    assert (await state(queue)).model_dump(exclude_none=True) == {"task_id": "t", "status": "queued"}
    held = await claim(worker)
    assert (await state(queue)).model_dump(exclude_none=True) == {"task_id": "t", "status": "processing"}

    seen = []
    for number in (1, 0, 3, 2):
        await worker.checkpoints.save(held, done(number))
        now = await state(queue)
        seen.append((now.progress, now.processed_seconds, now.text))

    assert seen == [(0.25, 10, ""), (0.5, 20, "w0 w1"), (0.75, 30, "w0 w1"), (0.99, 40, "w0 w1 w2 w3")]


async def test_the_rest_takes_its_time_at_the_pace_of_this_attempt(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.checkpoints.save(held, done(0))
    await worker.release(held)
    waiting = await state(queue)
    assert (waiting.status, waiting.progress, waiting.eta_seconds) == (TaskStatus.QUEUED, 0.25, None)

    held = await claim(worker)
    assert (await state(queue)).eta_seconds is None, "nothing is done in this attempt"
    await worker.checkpoints.save(held, done(1))
    windows = queue.keys.windows("t")
    started = int(await queue.field("t", "started_at") or 0)
    await queue.commands.hset(windows, "saved_at", started + 5000)

    assert (await state(queue)).eta_seconds == 10, "10 s took 5 s, 20 s are left"


async def test_where_the_length_is_unknown_there_is_no_progress(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.checkpoints.save(held, done(0, duration=None))

    now = await state(queue)

    assert (now.progress, now.eta_seconds, now.processed_seconds, now.text) == (None, None, 10, "w0")


async def test_work_goes_on_where_nothing_can_be_saved(
    own_server: Callable[..., RedisServer], settings_for: Callable[..., Settings]
) -> None:
    settings = settings_for(redis_port=own_server().port)
    async with connected(settings) as queue:
        worker = await queue.worker()
        held = await queue.claimed("t", worker)
        await queue.commands.config_set("maxmemory", "1")
        assert not await worker.checkpoints.save(held, done(0))
        await queue.commands.config_set("maxmemory", "0")
        assert await worker.checkpoints.save(held, done(1))
        assert await worker.complete(held, RESULT)
        assert (await state(queue)).status is TaskStatus.DONE


async def test_a_busy_worker_takes_what_is_there_and_waits_for_nothing(queue: Queue) -> None:
    worker = await queue.worker()
    assert await worker.claim(wait=False) is None
    await queue.producer.enqueue(task("t"))
    await queue.producer.enqueue(urgent_task("urgent"))

    found = [await worker.claim(wait=False) for _ in range(2)]

    assert [held.task.task_id for held in found if held] == ["urgent", "t"]
