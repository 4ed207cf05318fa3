"""Housekeeping, by several processes at once."""

import asyncio

from app.queue.maintenance import TickReport
from app.queue.outcomes import Stage
from tests.support.queue import FAILURE, RESULT, Queue, claim, task


async def test_two_reapers_at_once_take_each_task_back_once(queue: Queue) -> None:
    worker = await queue.worker()
    for number in range(20):
        await queue.claimed(f"t{number}", worker)
    await queue.commands.lpush(queue.keys.processing("w1"), b"garbage")
    await queue.lapse("w1")
    taken = await asyncio.gather(*(queue.maintenance.reap() for _ in range(4)))
    assert sum(taken) == 20
    assert await queue.reader.queue_length() == 20
    assert await queue.elements(queue.keys.dead) == [b"garbage"]


async def test_a_tick_does_all_that_is_due(queue: Queue) -> None:
    worker = await queue.worker("w1")
    await worker.retry(await queue.claimed("delayed", worker), FAILURE, 0)
    await queue.claimed("lost", await queue.worker("w2"))
    await queue.lapse("w2")
    assert await queue.maintenance.tick() == TickReport(promoted=1, reaped=1, retired=1)
    assert await queue.maintenance.tick() == TickReport(0, 0, 0)
    assert [info.worker_id for info in await queue.reader.live_workers()] == ["w1"]


async def test_a_delayed_task_waits_for_its_time(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.retry(await queue.claimed("t", worker), FAILURE, 60)
    assert await queue.maintenance.promote_due() == 0
    await queue.make_due()
    assert await queue.maintenance.promote_due() == 1
    assert (await claim(worker)).attempt == 2


async def test_a_worker_is_remembered_for_a_day(queue: Queue) -> None:
    await queue.worker()
    seconds, _ = await queue.commands.time()
    await queue.commands.zadd(queue.keys.workers, {"w1": (seconds - 3600) * 1000})
    assert await queue.maintenance.retire() == 0
    await queue.commands.zadd(queue.keys.workers, {"w1": (seconds - 90_000) * 1000})
    assert await queue.maintenance.retire() == 1


async def test_the_first_tick_of_an_hour_looks_into_lists_of_unknown_workers(queue: Queue) -> None:
    await queue.claimed("t", await queue.worker("w1"))
    held = await queue.claimed("u", await queue.worker("w2"))
    await queue.commands.zrem(queue.keys.workers, "w1")
    await queue.maintenance.tick()
    assert await queue.elements(queue.keys.processing("w1")) == []
    assert await queue.elements(queue.keys.processing("w2")) == [held.payload]
    await queue.claimed("v", queue.unregistered("w3"))
    await queue.commands.zrem(queue.keys.workers, "w3")
    await queue.maintenance.tick()
    assert len(await queue.elements(queue.keys.processing("w3"))) == 1


async def test_foreign_results_end_their_tasks(queue: Queue) -> None:
    await queue.producer.enqueue(task("t"))
    await queue.producer.enqueue(task("u"))
    await queue.commands.rpop(queue.keys.queue)
    await queue.commands.set(queue.keys.result("t"), RESULT)
    assert await queue.maintenance.adopt_foreign_results() == 1
    assert await queue.field("t", "status") == "done"
    assert await queue.field("u", "status") == "queued"


async def test_a_survey_tells_what_became_of_tasks(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("done", worker), RESULT)
    await worker.fail(await queue.claimed("failed", worker), FAILURE)
    for name in ("answered", "alone"):
        await queue.commands.set(queue.keys.result(name), RESULT)
    await queue.claimed("runs", await queue.worker("w2"))
    for name in ("waits", "answered"):
        await queue.producer.enqueue(task(name))
    ids = [
        "done",
        "failed",
        "waits",
        "runs",
        "answered",
        "alone",
        *(f"unknown{number}" for number in range(600)),
    ]

    found = await queue.maintenance.survey(ids)

    assert list(found) == ids
    stages = {name: standing.stage for name, standing in found.items() if not name.startswith("unknown")}
    assert stages == {
        "done": Stage.ENDED,
        "failed": Stage.ENDED,
        "waits": Stage.WAITING,
        "runs": Stage.RUNNING,
        "answered": Stage.ANSWERED,
        "alone": Stage.ENDED,
    }
    assert {found[name].stage for name in ids[6:]} == {Stage.UNKNOWN}
    assert found["failed"].failure == FAILURE
    assert await queue.maintenance.survey([]) == {}


async def test_the_time_since_an_end_is_told_by_the_clock_of_redis(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("t", worker), RESULT)
    ended_at = await queue.field("t", "finished_at")
    assert ended_at is not None
    await queue.commands.hset(queue.keys.task("t"), "finished_at", int(ended_at) - 60_000)
    assert (await queue.maintenance.survey(["t"]))["t"].ended_seconds >= 60


async def test_nothing_lasts_once_all_has_ended(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("done", worker), RESULT)
    await worker.fail(await queue.claimed("failed", worker), FAILURE)
    await worker.retry(await queue.claimed("delayed", worker), FAILURE, 60)
    await queue.reader.delete("delayed", None)
    await queue.claimed("lost", await queue.worker("w2"))
    await queue.reader.delete("lost", None)
    await queue.lapse("w2")
    await queue.maintenance.tick()
    await worker.leave()
    prefixes = (queue.keys.queue, queue.keys.result_prefix)
    names = [name async for name in queue.commands.scan_iter(count=1000) if _begins(name, prefixes)]
    lasting = [name for name in names if await queue.commands.ttl(name) < 0]
    assert set(lasting) == {queue.keys.dead.encode(), queue.keys.index.encode()}
    assert await queue.reader.state("lost") is None


def _begins(name: bytes, prefixes: tuple[str, ...]) -> bool:
    return name.decode().startswith(prefixes)
