"""Every outcome of the scripts from enqueue to the end of a claim; each also when the call is repeated."""

from typing import Literal

import pytest

from app.queue.claims import Claim
from app.queue.outcomes import (
    EXHAUSTED,
    ClaimNumbers,
    ClaimOutcome,
    CompleteOutcome,
    DeleteOutcome,
    EnqueueOutcome,
    Lease,
    SettleOutcome,
)
from app.queue.scripts import ReleaseReason
from tests.support.queue import (
    FAILURE,
    PAYLOAD,
    RESULT,
    Queue,
    claim_again,
    stored_result,
    taken,
    task,
)


async def test_enqueue_puts_one_element_per_task_id(queue: Queue) -> None:
    assert await queue.scripts.enqueue("t", PAYLOAD) is EnqueueOutcome.ENQUEUED
    assert await queue.scripts.enqueue("t", PAYLOAD) is EnqueueOutcome.KNOWN
    assert await queue.elements(queue.keys.queue) == [PAYLOAD]
    assert await queue.field("t", "status") == "queued"
    assert await queue.commands.ttl(queue.keys.task("t")) == -1


async def test_claim_is_ok_and_the_same_when_repeated(queue: Queue) -> None:
    await taken(queue)
    first = await queue.scripts.claim("w1", "t", PAYLOAD, "token")
    assert first == (ClaimOutcome.OK, ClaimNumbers(1, 3, 0, 0))
    assert await queue.scripts.claim("w1", "t", PAYLOAD, "token") == first
    assert await queue.field("t", "worker") == "w1"
    assert await queue.field("t", "status") == "processing"
    assert await queue.field("t", "created_at") is not None


async def test_claim_needs_a_lease(queue: Queue) -> None:
    await taken(queue)
    await queue.lapse("w1")
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "token"))[0] is ClaimOutcome.LEASE_EXPIRED
    await queue.commands.zrem(queue.keys.workers, "w1")
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "token"))[0] is ClaimOutcome.LEASE_EXPIRED
    assert await queue.elements(queue.keys.processing("w1")) == [PAYLOAD]


async def test_claim_of_an_element_that_was_taken_back_is_stale(queue: Queue) -> None:
    await queue.worker("w1")
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "token"))[0] is ClaimOutcome.STALE
    assert not await queue.commands.exists(queue.keys.task("t"))


@pytest.mark.parametrize("ended", ["error", "cancelled", "done", None])
async def test_claim_drops_a_duplicate(queue: Queue, ended: ReleaseReason | Literal["done"] | None) -> None:
    await taken(queue)
    await queue.scripts.claim("w1", "t", PAYLOAD, "token")
    if ended == "done":
        await queue.scripts.complete("w1", "t", PAYLOAD, "token", RESULT)
    elif ended:
        await queue.scripts.settle("w1", "t", PAYLOAD, "token", ended, FAILURE)
    before = await queue.commands.hgetall(queue.keys.task("t"))
    await taken(queue, "w2")
    assert (await queue.scripts.claim("w2", "t", PAYLOAD, "other"))[0] is ClaimOutcome.DUPLICATE
    assert await queue.elements(queue.keys.processing("w2")) == []
    assert await queue.commands.hgetall(queue.keys.task("t")) == before


async def test_claim_sees_that_the_task_was_deleted(queue: Queue) -> None:
    await queue.producer.enqueue(task("t"))
    [element] = await queue.elements(queue.keys.queue)
    await queue.commands.delete(queue.keys.queue)
    await taken(queue, element=element)
    assert await queue.scripts.delete("t") is DeleteOutcome.REQUESTED
    assert (await queue.scripts.claim("w1", "t", element, "token"))[0] is ClaimOutcome.CANCELLED
    assert await queue.elements(queue.keys.processing("w1")) == []
    assert not await queue.commands.exists(queue.keys.task("t"), queue.keys.result("t"))


async def test_claim_buries_a_task_without_attempts_left(queue: Queue) -> None:
    await taken(queue)
    await queue.commands.hset(
        queue.keys.task("t"), mapping={"status": "queued", "attempts": 3, "max_attempts": 3}
    )
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "token"))[0] is ClaimOutcome.DEAD
    assert await queue.elements(queue.keys.dead) == [PAYLOAD]
    assert await stored_result(queue, "t") == {"status": "error", "error": EXHAUSTED.model_dump()}
    assert await queue.commands.ttl(queue.keys.task("t")) > 0


async def test_heartbeat_tells_of_each_task(queue: Queue) -> None:
    worker = await queue.worker()
    claims = [await queue.claimed(name, worker) for name in ("run", "deleted", "lost")]
    await queue.scripts.delete("deleted")
    await queue.commands.hset(queue.keys.task("lost"), "token", "of another")
    assert await worker.heartbeat(claims) == {"run": Lease.RUN, "deleted": Lease.CANCEL, "lost": Lease.LOST}


async def test_heartbeat_of_a_forgotten_worker_does_not_register_it(queue: Queue) -> None:
    assert await queue.scripts.heartbeat("w1", []) is None
    assert await queue.commands.zscore(queue.keys.workers, "w1") is None


async def test_complete_writes_once(queue: Queue) -> None:
    await taken(queue)
    await queue.scripts.claim("w1", "t", PAYLOAD, "token")
    assert await queue.scripts.complete("w1", "t", PAYLOAD, "token", RESULT) is CompleteOutcome.DONE
    assert await queue.scripts.complete("w1", "t", PAYLOAD, "token", RESULT) is CompleteOutcome.APPLIED
    assert await queue.scripts.complete("w2", "t", PAYLOAD, "no", '"x"') is CompleteOutcome.FENCED
    assert await queue.commands.get(queue.keys.result("t")) == RESULT.encode()
    assert await queue.elements(queue.keys.processing("w1")) == []
    assert 0 < await queue.commands.ttl(queue.keys.result("t")) <= queue.settings.result_ttl_seconds
    assert await queue.field("t", "token") is None


async def test_complete_after_a_retry_under_the_same_token_is_fenced(queue: Queue) -> None:
    await taken(queue)
    await queue.scripts.claim("w1", "t", PAYLOAD, "token")
    await queue.scripts.settle("w1", "t", PAYLOAD, "token", "retry", FAILURE)
    assert await queue.scripts.complete("w1", "t", PAYLOAD, "token", RESULT) is CompleteOutcome.FENCED
    assert await stored_result(queue, "t") is None


@pytest.mark.parametrize(
    ("outcome", "settled", "status"),
    [
        ("retry", SettleOutcome.RETRYING, "retrying"),
        ("release", SettleOutcome.RELEASED, "queued"),
        ("error", SettleOutcome.ERROR, "error"),
        ("cancelled", SettleOutcome.CANCELLED, "cancelled"),
    ],
)
async def test_settle_applies_once(
    queue: Queue, outcome: ReleaseReason, settled: SettleOutcome, status: str
) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    answers = [await settle(queue, claim, outcome) for _ in range(2)]
    assert answers == [settled, SettleOutcome.APPLIED]
    assert await queue.field("t", "status") == status
    assert await queue.field("t", "token") is None
    assert await queue.elements(queue.keys.processing("w1")) == []
    final = status in ("error", "cancelled")
    assert (await queue.commands.ttl(queue.keys.task("t")) > 0) is final
    assert (await stored_result(queue, "t") is not None) is final
    assert len(await queue.elements(queue.keys.dead)) == (status == "error")
    assert await queue.field("t", "attempts") == ("0" if outcome == "release" else "1")


async def settle(
    queue: Queue, claim: Claim, outcome: ReleaseReason, token: str | None = None
) -> SettleOutcome:
    return await queue.scripts.settle(
        "w1",
        claim.task.task_id,
        claim.payload,
        token or claim.token,
        outcome,
        FAILURE,
    )


async def test_settle_with_another_token_is_fenced(queue: Queue) -> None:
    claim = await queue.claimed("t", await queue.worker())
    before = await queue.commands.hgetall(queue.keys.task("t"))
    assert await settle(queue, claim, "error", "of another") is SettleOutcome.FENCED
    assert await queue.commands.hgetall(queue.keys.task("t")) == before


@pytest.mark.parametrize("outcome", ["retry", "release", "cancelled", "error"])
async def test_settle_of_a_deleted_task_leaves_nothing(queue: Queue, outcome: ReleaseReason) -> None:
    claim = await queue.claimed("t", await queue.worker())
    assert await queue.reader.delete("t", None) is DeleteOutcome.REQUESTED
    assert await settle(queue, claim, outcome) is SettleOutcome.CANCELLED
    assert not await queue.commands.exists(queue.keys.task("t"), queue.keys.result("t"))


async def test_the_last_attempt_is_not_retried(queue: Queue) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    for _ in range(2):
        assert await worker.retry(claim, FAILURE, 0) is SettleOutcome.RETRYING
        await queue.maintenance.promote_due()
        claim = await claim_again(worker)
    assert (claim.attempt, claim.max_attempts) == (3, 3)
    assert await worker.retry(claim, FAILURE, 0) is SettleOutcome.ERROR
    assert await stored_result(queue, "t") == {"status": "error", "error": FAILURE.model_dump()}
    assert await queue.elements(queue.keys.dead) == [claim.payload]


async def test_an_element_taken_anew_stays_with_its_live_claim(queue: Queue) -> None:
    """The worker's first claim is late: its element was taken back meanwhile, and came to it once more."""
    await taken(queue)
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "new"))[0] is ClaimOutcome.OK
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "late"))[0] is ClaimOutcome.DUPLICATE
    assert await queue.elements(queue.keys.processing("w1")) == [PAYLOAD]


async def test_a_result_that_exists_is_not_worked_for_again(queue: Queue) -> None:
    """A foreign worker has written it, or Redis has lost the hash and not the result."""
    await taken(queue)
    await queue.commands.set(queue.keys.result("t"), '{"text": "from afar"}')
    assert (await queue.scripts.claim("w1", "t", PAYLOAD, "token"))[0] is ClaimOutcome.DUPLICATE
    assert await queue.elements(queue.keys.processing("w1")) == []
    assert await queue.field("t", "status") == "done"
    assert await queue.commands.ttl(queue.keys.result("t")) > 0


async def test_a_result_that_came_first_stays(queue: Queue) -> None:
    worker = await queue.worker()
    claim = await queue.claimed("t", worker)
    await queue.commands.set(queue.keys.result("t"), '{"text": "from afar"}')
    assert not await worker.complete(claim, RESULT)
    assert await stored_result(queue, "t") == {"text": "from afar"}
    assert await queue.field("t", "status") == "done"
    assert await queue.field("t", "token") is None
    assert await queue.elements(queue.keys.processing("w1")) == []
