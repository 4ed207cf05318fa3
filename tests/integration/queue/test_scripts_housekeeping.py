"""Every outcome of the scripts that mend, move and look after tasks; each also when the call is repeated."""

from app.queue.outcomes import (
    EXHAUSTED,
    DeleteOutcome,
    PromoteOutcome,
    RequeueOutcome,
    RestoreOutcome,
    ReviveOutcome,
)
from app.queue.payload import dump_task
from tests.support.queue import (
    FAILURE,
    PAYLOAD,
    RESULT,
    Queue,
    claim_again,
    stored_result,
    taken,
    task,
    urgent_task,
)


async def test_requeue_leaves_a_living_worker_alone(queue: Queue) -> None:
    await taken(queue)
    assert await queue.scripts.requeue("w1", "t", PAYLOAD) is RequeueOutcome.ALIVE
    assert await queue.elements(queue.keys.processing("w1")) == [PAYLOAD]


async def test_requeue_of_an_unclaimed_element_counts_no_attempt(queue: Queue) -> None:
    await taken(queue)
    await queue.lapse("w1")
    assert await queue.scripts.requeue("w1", "t", PAYLOAD) is RequeueOutcome.REQUEUED
    assert await queue.scripts.requeue("w1", "t", PAYLOAD) is RequeueOutcome.GONE
    assert await queue.elements(queue.keys.queue) == [PAYLOAD]
    assert await queue.field("t", "attempts") == "0"


async def test_requeue_slows_down_then_buries_what_kills_its_workers(queue: Queue) -> None:
    await queue.producer.enqueue(task("t"))
    seen = []
    for number in range(3):
        worker = await queue.worker(f"w{number}")
        claim = await claim_again(worker)
        assert claim.crashes == number
        await queue.lapse(worker.worker_id)
        seen.append(await queue.scripts.requeue(worker.worker_id, "t", claim.payload))
        await queue.make_due()
        await queue.maintenance.promote_due()
    assert seen == [RequeueOutcome.REQUEUED, RequeueOutcome.DELAYED, RequeueOutcome.DEAD]
    assert await stored_result(queue, "t") == {"status": "error", "error": EXHAUSTED.model_dump()}
    assert len(await queue.elements(queue.keys.dead)) == 1


async def test_requeue_drops_a_duplicate_of_what_runs_or_ended(queue: Queue) -> None:
    claim = await queue.claimed("t", await queue.worker("w1"))
    for ended in (False, True):
        if ended:
            await queue.scripts.complete("w1", "t", claim.payload, claim.token, RESULT)
        await taken(queue, "w2", claim.payload)
        await queue.lapse("w2")
        before = await queue.commands.hgetall(queue.keys.task("t"))
        assert await queue.scripts.requeue("w2", "t", claim.payload) is RequeueOutcome.DROPPED
        assert await queue.commands.hgetall(queue.keys.task("t")) == before
    assert await queue.elements(queue.keys.queue) == []


async def test_requeue_of_a_deleted_task_leaves_nothing(queue: Queue) -> None:
    claim = await queue.claimed("t", await queue.worker("w1"))
    await queue.reader.delete("t", None)
    await queue.lapse("w1")
    assert await queue.scripts.requeue("w1", "t", claim.payload) is RequeueOutcome.CANCELLED
    assert not await queue.commands.exists(queue.keys.task("t"), queue.keys.result("t"))


async def test_requeue_of_the_own_list_spares_what_was_claimed_meanwhile(queue: Queue) -> None:
    await taken(queue)
    await queue.scripts.claim("w1", "t", PAYLOAD, "token")
    requeue = queue.scripts.requeue
    assert await requeue("w1", "t", PAYLOAD, own=True) is RequeueOutcome.CLAIMED
    assert await requeue("w1", "t", PAYLOAD, own=True, seen_token="token") is RequeueOutcome.REQUEUED
    assert await queue.field("t", "crashes") is None


async def test_promote_waits_until_due(queue: Queue) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    await worker.retry(claim, FAILURE, 60)
    assert await queue.scripts.promote("t", claim.payload) is PromoteOutcome.NOT_DUE
    await queue.make_due()
    assert await queue.scripts.promote("t", claim.payload) is PromoteOutcome.PROMOTED
    assert await queue.scripts.promote("t", claim.payload) is PromoteOutcome.NOT_DUE
    assert await queue.elements(queue.keys.queue) == [claim.payload]
    assert await queue.field("t", "status") == "queued"


async def test_promote_drops_what_a_duplicate_finished(queue: Queue) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    await worker.retry(claim, FAILURE, 0)
    await queue.push(claim.payload)
    await worker.complete(await claim_again(worker), RESULT)
    assert await queue.scripts.promote("t", claim.payload) is PromoteOutcome.DROPPED
    assert await queue.commands.zcard(queue.keys.delayed) == 0
    assert await queue.field("t", "status") == "done"


async def test_delete_in_every_state(queue: Queue) -> None:
    worker = await queue.worker()
    assert await queue.scripts.delete("t") is DeleteOutcome.UNKNOWN
    await queue.producer.enqueue(task("waits"))
    assert await queue.scripts.delete("waits") is DeleteOutcome.DELETED
    assert await queue.scripts.delete("waits") is DeleteOutcome.UNKNOWN
    await queue.producer.enqueue(urgent_task("first"))
    assert await queue.scripts.delete("first") is DeleteOutcome.DELETED
    delayed = await queue.claimed("delayed", worker)
    await worker.retry(delayed, FAILURE, 60)
    assert await queue.scripts.delete("delayed") is DeleteOutcome.DELETED
    await queue.claimed("runs", worker)
    assert await queue.scripts.delete("runs") is DeleteOutcome.REQUESTED
    await worker.complete(await queue.claimed("done", worker), RESULT)
    assert await queue.scripts.delete("done") is DeleteOutcome.DELETED
    await worker.fail(await queue.claimed("failed", worker), FAILURE)
    assert await queue.scripts.delete("failed") is DeleteOutcome.DELETED
    assert await queue.reader.queue_length() == 0
    assert await queue.commands.zcard(queue.keys.delayed) == 0


async def test_retire_keeps_who_lives_or_holds_something(queue: Queue) -> None:
    await taken(queue)
    assert not await queue.scripts.retire("w1")
    await queue.lapse("w1")
    assert not await queue.scripts.retire("w1")
    await queue.commands.delete(queue.keys.processing("w1"))
    assert not await queue.scripts.retire("w1", keep_seconds=10**10)
    assert await queue.scripts.retire("w1", keep_seconds=60)
    assert await queue.commands.zscore(queue.keys.workers, "w1") is None


async def test_discard_buries_once_and_trims(queue: Queue) -> None:
    await taken(queue, element=b"garbage")
    assert await queue.scripts.discard("w1", b"garbage")
    assert not await queue.scripts.discard("w1", b"garbage")
    assert await queue.elements(queue.keys.dead) == [b"garbage"]


async def test_what_a_foreign_worker_has_answered_is_deleted_at_once(queue: Queue) -> None:
    """It is in no list, and no worker of ours will ask at its next heartbeat whether it is to go on."""
    await queue.producer.enqueue(task("t"))
    await queue.commands.rpop(queue.keys.queue)
    assert await queue.scripts.delete("t") is DeleteOutcome.REQUESTED, "as long as it is being worked at"
    await queue.commands.set(queue.keys.result("t"), RESULT)
    assert await queue.scripts.delete("t") is DeleteOutcome.DELETED
    assert not await queue.commands.exists(queue.keys.task("t"), queue.keys.result("t"))


async def test_adopt_believes_a_foreign_result(queue: Queue) -> None:
    await queue.producer.enqueue(task("t"))
    assert not await queue.scripts.adopt("t")
    await queue.commands.set(queue.keys.result("t"), RESULT)
    assert await queue.scripts.adopt("t")
    assert not await queue.scripts.adopt("t")
    assert await queue.field("t", "status") == "done"
    assert await queue.commands.ttl(queue.keys.task("t")) > 0
    assert await queue.commands.ttl(queue.keys.result("t")) > 0


async def test_revive_gives_all_attempts_back(queue: Queue) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    assert await queue.scripts.revive("t", claim.payload) is ReviveOutcome.RUNNING
    await worker.fail(claim, FAILURE)
    assert await queue.scripts.revive("t", claim.payload) is ReviveOutcome.REVIVED
    assert await queue.scripts.revive("t", claim.payload) is ReviveOutcome.WAITING
    assert await queue.elements(queue.keys.dead) == []
    assert await stored_result(queue, "t") is None
    assert await queue.commands.ttl(queue.keys.task("t")) == -1
    again = await claim_again(worker)
    assert again.attempt == 1
    await worker.complete(again, RESULT)
    assert await queue.scripts.revive("t", claim.payload) is ReviveOutcome.DONE


async def restored(queue: Queue, name: str) -> RestoreOutcome:
    return await queue.scripts.restore(name, dump_task(task(name)), RESULT.encode())


async def test_restore_gives_a_lost_result_back_wherever_the_task_is(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("runs", worker)
    await worker.retry(await queue.claimed("delayed", worker), FAILURE, 60)
    await worker.fail(await queue.claimed("spent", worker), FAILURE)
    await queue.producer.enqueue(task("waits"))
    await queue.producer.enqueue(urgent_task("urgent"))

    for name in ("unknown", "runs", "delayed", "spent", "waits", "urgent"):
        assert await restored(queue, name) is RestoreOutcome.RESTORED, name
        assert await stored_result(queue, name) == {"text": "hello"}
        assert await queue.field(name, "status") == "done"
        assert await queue.commands.ttl(queue.keys.task(name)) > 0
        assert await restored(queue, name) is RestoreOutcome.KNOWN

    assert not await worker.complete(held, '{"text": "later"}'), "who ran it meanwhile is fenced"
    await worker.sweep(())
    assert await stored_result(queue, "runs") == {"text": "hello"}
    for name in (queue.keys.queue, queue.keys.high, queue.keys.dead, queue.keys.processing("w1")):
        assert await queue.elements(name) == []
    assert await queue.commands.zcard(queue.keys.delayed) == 0
    assert await queue.commands.zscore(queue.keys.index, "unknown") is not None


async def test_restore_leaves_alone_what_has_an_end(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("done", worker), '{"text": "first"}')
    await worker.cancelled(await queue.claimed("cancelled", worker))
    await queue.claimed("deleted", worker)
    await queue.scripts.delete("deleted")
    await queue.producer.enqueue(task("answered"))
    await queue.commands.set(queue.keys.result("answered"), '{"text": "from afar"}')

    for name in ("done", "cancelled", "deleted", "answered"):
        assert await restored(queue, name) is RestoreOutcome.KNOWN, name
    assert await stored_result(queue, "done") == {"text": "first"}
    assert await stored_result(queue, "answered") == {"text": "from afar"}
