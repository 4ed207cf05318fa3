"""The worker's side, with what goes wrong on the way."""

import asyncio
from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.core.errors import QueueFull, QueueUnavailable
from app.launcher.redis_server import RedisServer
from app.queue.consumer import INVALID_TASK, new_worker_id
from app.queue.outcomes import Lease, SettleOutcome
from app.queue.room import EVERYTHING
from app.schemas.task import Task, TaskStatus
from tests.support.queue import FAILURE, RESULT, Queue, claim, connected, task, urgent_task


async def test_tasks_come_in_order_and_high_ones_first(queue: Queue) -> None:
    worker = await queue.worker()
    for name in ("a", "b"):
        await queue.producer.enqueue(task(name))
    await queue.producer.enqueue(urgent_task("urgent"))
    assert [(await claim(worker)).task.task_id for _ in range(3)] == ["urgent", "a", "b"]
    assert await worker.claim() is None


async def test_a_claim_carries_the_task_as_it_was_sent(queue: Queue) -> None:
    sent = Task(task_id="t", file_path="a.wav", model="tiny", trim=2.5, filename="é.mp3", duration=3.0)
    await queue.producer.enqueue(sent)
    found = await claim(await queue.worker())
    assert found.task == sent
    assert (found.attempt, found.max_attempts, found.crashes) == (1, queue.settings.max_attempts, 0)


async def test_the_queue_refuses_what_is_beyond_its_limit(quick: Callable[..., Settings]) -> None:
    async with connected(quick(max_queue_length=2)) as queue:
        await queue.producer.enqueue(task("a"))
        await queue.producer.enqueue(urgent_task("b"))
        with pytest.raises(QueueFull) as caught:
            await queue.producer.enqueue(task("c"))
        assert caught.value.retry_after_seconds
        await queue.producer.enqueue(task("a"))
        assert await queue.reader.queue_length() == 2


async def test_of_fifty_producers_at_once_none_passes_the_limit(quick: Callable[..., Settings]) -> None:
    async with connected(quick(max_queue_length=7)) as queue:
        results = await asyncio.gather(
            *(queue.producer.enqueue(task(f"t{number}")) for number in range(50)), return_exceptions=True
        )
        assert results.count(None) == 7
        assert sum(isinstance(result, QueueFull) for result in results) == 43
        assert await queue.reader.queue_length() == 7


@pytest.mark.parametrize(
    "garbage",
    [
        b"not json",
        b"[1, 2]",
        b'{"file_path": "a.wav"}',
        b'{"task_id": null}',
        b'{"task_id": "\\ud800"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"",
    ],
)
async def test_garbage_goes_to_the_dead_letters_and_the_next_task_is_served(
    queue: Queue, garbage: bytes
) -> None:
    await queue.push(garbage)
    await queue.producer.enqueue(task("t"))
    assert (await claim(await queue.worker())).task.task_id == "t"
    assert await queue.elements(queue.keys.dead) == [garbage]


@pytest.mark.parametrize(
    ("task_id", "element"),
    [
        ("t", b'{"task_id": "t"}'),
        ("7", b'{"task_id": 7, "file_path": "a.wav"}'),
        ("a/b", b'{"task_id": "a/b", "file_path": "a.wav"}'),
        ("t", b'{"task_id": "t", "file_path": "a.wav", "trim": -1}'),
    ],
)
async def test_an_invalid_task_with_an_id_ends_as_an_error(
    queue: Queue, task_id: str, element: bytes
) -> None:
    await queue.push(element)
    assert await (await queue.worker()).claim() is None
    state = await queue.reader.state(task_id)
    assert state is not None
    assert (state.status, state.error) == (TaskStatus.ERROR, INVALID_TASK)


async def test_a_foreign_producer_and_a_foreign_consumer_are_served(queue: Queue) -> None:
    await queue.push(b'{"task_id": "t", "file_path": "a.wav", "more": 1}')
    state = await queue.reader.state("t")
    assert state is not None
    assert state.status is TaskStatus.QUEUED
    worker = await queue.worker()
    found = await claim(worker)
    assert found.payload == b'{"task_id": "t", "file_path": "a.wav", "more": 1}'
    await worker.complete(found, RESULT)
    await queue.producer.enqueue(task("u"))
    element = await queue.commands.brpop([queue.keys.queue], timeout=1)
    assert element is not None
    assert b'"task_id":"u"' in element[1]
    await queue.commands.set(queue.keys.result("u"), RESULT)
    state = await queue.reader.state("u")
    assert state is not None
    assert (state.status, state.result) == (TaskStatus.DONE, {"text": "hello"})


async def test_a_task_whose_claim_got_no_answer_is_claimed_again_under_its_token(queue: Queue) -> None:
    await queue.producer.enqueue(task("t"))
    worker = await queue.worker()
    element = await worker._line.take(EVERYTHING, wait=True)
    assert element is not None
    await worker._receive(element)
    token = worker._unanswered[0].token
    answered = await worker._ask_claim(worker._unanswered[0])  # applied, but the worker does not hear of it
    await worker.sweep(())
    found = await claim(worker)
    assert (found.attempt, found.token) == (answered[1][0], token)
    assert await worker.complete(found, RESULT)


async def test_sweep_hands_back_what_a_lost_reply_left(queue: Queue) -> None:
    worker = await queue.worker()
    running = await queue.claimed("runs", worker)
    await queue.producer.enqueue(task("t"))
    await queue.commands.lmove(queue.keys.queue, queue.keys.processing("w1"), "RIGHT", "LEFT")
    await queue.commands.lpush(queue.keys.processing("w1"), b"garbage")
    await worker.sweep({"runs"})
    assert await queue.elements(queue.keys.processing("w1")) == [running.payload]
    assert await queue.elements(queue.keys.dead) == [b"garbage"]
    assert (await claim(worker)).attempt == 1
    assert await worker.heartbeat([running]) == {"runs": Lease.RUN}


async def test_sweep_spares_a_claim_that_the_supervisor_does_not_list_yet(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.sweep(())
    assert await worker.heartbeat([held]) == {"t": Lease.RUN}


async def test_a_worker_that_was_taken_for_dead_is_fenced(queue: Queue) -> None:
    stalled, other = await queue.worker("w1"), await queue.worker("w2")
    lost = await queue.claimed("t", stalled)
    await queue.lapse("w1")
    assert await queue.maintenance.reap() == 1
    found = await claim(other)
    assert (found.attempt, found.crashes) == (2, 1)
    assert await stalled.heartbeat([lost]) == {"t": Lease.LOST}
    assert not await stalled.complete(lost, '{"text": "stale"}')
    assert await stalled.retry(lost, FAILURE, 0) is SettleOutcome.FENCED
    assert await other.complete(found, RESULT)
    assert await queue.commands.get(queue.keys.result("t")) == RESULT.encode()


async def test_a_claim_after_the_lease_lapsed_registers_again(queue: Queue) -> None:
    worker = await queue.worker()
    await queue.lapse("w1")
    await queue.producer.enqueue(task("t"))
    found = await claim(worker)
    assert await worker.heartbeat([found]) == {"t": Lease.RUN}


async def test_a_worker_hears_how_many_there_are(queue: Queue) -> None:
    worker = await queue.worker("w1")
    for name in ("w2", "w3"):
        await queue.worker(name)
    await worker.heartbeat([])
    assert worker.workers == 3


async def test_a_forgotten_worker_registers_at_its_heartbeat(queue: Queue) -> None:
    worker = queue.unregistered("w1")
    assert await worker.heartbeat([]) == {}
    assert [info.worker_id for info in await queue.reader.live_workers()] == ["w1"]


async def test_release_is_next_in_line_and_costs_no_attempt(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await queue.producer.enqueue(task("later"))
    assert await worker.release(held, crashed=True) is SettleOutcome.RELEASED
    again = await claim(worker)
    assert (again.task.task_id, again.attempt, again.crashes) == ("t", 1, 1)


async def test_leave_hands_all_back_and_forgets_the_worker(queue: Queue) -> None:
    worker = await queue.worker()
    await queue.claimed("t", worker)
    await worker.leave()
    assert await queue.reader.live_workers() == []
    assert await queue.commands.exists(queue.keys.processing("w1"), queue.keys.workers) == 0
    assert (await claim(await queue.worker("w2"))).task.task_id == "t"


async def test_of_a_deleted_task_nothing_is_left_whichever_end_is_first(queue: Queue) -> None:
    worker = await queue.worker()
    for number in range(50):
        held = await queue.claimed(f"t{number}", worker)
        await queue.reader.delete(held.task.task_id, None)
        await asyncio.gather(worker.complete(held, RESULT), worker.cancelled(held))
        assert await queue.reader.state(held.task.task_id) is None
        assert await queue.elements(queue.keys.processing("w1")) == []


async def test_complete_waits_for_redis_to_come_back(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings]
) -> None:
    server = own_server(appendfsync="always")
    async with connected(quick(redis_port=server.port)) as queue:
        worker = await queue.worker()
        held = await queue.claimed("t", worker)
        server.kill()
        ending = asyncio.create_task(worker.complete(held, RESULT))
        with pytest.raises(QueueUnavailable):
            await worker.heartbeat([held])
        with pytest.raises(QueueUnavailable):
            await worker.claim()
        with pytest.raises(QueueUnavailable) as caught:
            await queue.producer.enqueue(task("u"))
        assert caught.value.retry_after_seconds
        assert not ending.done()
        server.start()
        assert await ending
        state = await queue.reader.state("t")
        assert state is not None
        assert state.status is TaskStatus.DONE


async def test_a_full_redis_keeps_leases_and_ends_but_takes_no_task(
    own_server: Callable[..., RedisServer], quick: Callable[..., Settings]
) -> None:
    server = own_server()
    async with connected(quick(redis_port=server.port)) as queue:
        worker, lost = await queue.worker("w1"), await queue.worker("w2")
        held = [await queue.claimed(f"t{number}", worker) for number in range(3)]
        await queue.claimed("of-w2", lost)
        await queue.lapse("w2")
        await queue.producer.enqueue(task("waits"))
        await queue.commands.config_set("maxmemory", 1)
        with pytest.raises(QueueUnavailable):
            await queue.producer.enqueue(task("new"))
        with pytest.raises(QueueUnavailable):
            await worker.claim()
        assert await worker.heartbeat(held) == dict.fromkeys(("t0", "t1", "t2"), Lease.RUN)
        assert await worker.retry(held[1], FAILURE, 0) is SettleOutcome.RETRYING
        assert await worker.fail(held[2], FAILURE) is SettleOutcome.ERROR
        assert await queue.maintenance.promote_due() == 1
        assert await queue.maintenance.reap() == 1
        ending = asyncio.create_task(worker.complete(held[0], RESULT))
        state = await queue.reader.state("t0")
        assert state is not None
        assert state.status is TaskStatus.PROCESSING
        assert await queue.commands.get(queue.keys.result("t0")) is None
        await queue.commands.config_set("maxmemory", 0)
        assert await ending
        assert len([await claim(worker) for _ in range(3)]) == 3


async def test_results_are_kept_for_ever_where_the_ttl_is_0(quick: Callable[..., Settings]) -> None:
    async with connected(quick(result_ttl_seconds=0)) as queue:
        worker = await queue.worker()
        await worker.complete(await queue.claimed("t", worker), RESULT)
        await worker.fail(await queue.claimed("u", worker), FAILURE)
        for name in ("t", "u"):
            assert await queue.commands.ttl(queue.keys.result(name)) == -1
            assert await queue.commands.ttl(queue.keys.task(name)) == -1


def test_worker_ids_are_never_reused() -> None:
    assert len({new_worker_id() for _ in range(100)}) == 100


async def test_the_end_of_a_foreign_programs_task_is_told(queue: Queue) -> None:
    """A task that was pushed with a webhook is expected to end from its claim on, whoever ends it."""
    await queue.push(b'{"task_id":"t","file_path":"t.wav","webhook":"https://example.org/hook"}')
    worker = await queue.worker()
    claimed = await claim(worker)
    await worker.webhooks.expect(claimed.task)
    first = await queue.commands.zscore(queue.keys.webhooks, "t")
    await worker.webhooks.hurry(claimed.task)
    await worker.webhooks.expect(claimed.task)  # of a second attempt: what is due stays due

    assert first is not None
    assert await queue.commands.zscore(queue.keys.webhooks, "t") == 1
