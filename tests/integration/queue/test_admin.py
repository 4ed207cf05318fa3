"""What an operator sees and repairs."""

import hashlib

from app.queue.outcomes import ReviveOutcome
from app.schemas.task import TaskStatus
from tests.support.queue import FAILURE, RESULT, Queue, claim, task, urgent_task


async def test_overview_counts_and_dates(queue: Queue) -> None:
    empty = await queue.admin.overview()
    assert (empty.waiting, empty.high, empty.delayed, empty.dead, empty.oldest_seconds) == (0, 0, 0, 0, None)
    worker = await queue.worker()
    await worker.retry(await queue.claimed("delayed", worker), FAILURE, 60)
    await worker.fail(await queue.claimed("dead", worker), FAILURE)
    await queue.producer.enqueue(urgent_task("high"))
    seconds, _ = await queue.commands.time()
    await queue.push(f'{{"task_id": "old", "created_at": {seconds - 100}}}'.encode())
    await queue.producer.enqueue(task("new"))
    seen = await queue.admin.overview()
    assert (seen.waiting, seen.high, seen.delayed, seen.dead) == (2, 1, 1, 1)
    assert seen.oldest_seconds is not None
    assert seen.oldest_seconds >= 100


async def test_workers_and_what_they_hold(queue: Queue) -> None:
    await queue.claimed("t", await queue.worker("w1"))
    await queue.worker("w2")
    await queue.lapse("w2")
    holdings = {worker.worker_id: worker for worker in await queue.admin.workers()}
    assert holdings["w1"].task_ids == ("t",)
    assert holdings["w1"].lease_seconds_left > 0
    assert holdings["w2"].task_ids == ()
    assert holdings["w2"].lease_seconds_left < 0


async def test_a_dead_letter_is_shown_and_queued_anew(queue: Queue) -> None:
    worker = await queue.worker()
    held = await queue.claimed("t", worker)
    await worker.fail(held, FAILURE)
    [letter] = await queue.admin.dead_letters()
    assert await queue.admin.dead_letter("t") == letter
    assert (letter.reference, letter.task_id, letter.payload) == ("t", "t", held.payload)
    assert (letter.failure, letter.attempts) == (FAILURE, 1)
    assert letter.finished_at is not None
    assert await queue.admin.requeue("t") is ReviveOutcome.REVIVED
    state = await queue.reader.state("t")
    assert state is not None
    assert state.status is TaskStatus.QUEUED
    assert await worker.complete(await claim(worker), RESULT)


async def test_garbage_has_a_reference_by_which_it_can_be_dropped(queue: Queue) -> None:
    await queue.push(b"garbage")
    await (await queue.worker()).claim()
    [letter] = await queue.admin.dead_letters()
    assert letter.reference == "sha256:" + hashlib.sha256(b"garbage").hexdigest()[:16]
    assert (letter.task_id, letter.failure) == (None, None)
    assert await queue.admin.requeue(letter.reference) is None
    assert await queue.admin.drop(letter.reference)
    assert not await queue.admin.drop(letter.reference)
    assert await queue.admin.dead_letter(letter.reference) is None


async def test_requeue_of_the_unknown_does_nothing(queue: Queue) -> None:
    assert await queue.admin.requeue("unknown") is None
    assert await queue.reader.queue_length() == 0


async def test_audit_finds_what_a_foreign_worker_lost(queue: Queue) -> None:
    worker = await queue.worker()
    await queue.producer.enqueue(task("lost"))
    await queue.commands.rpop(queue.keys.queue)
    await worker.retry(await queue.claimed("delayed", worker), FAILURE, 60)
    await worker.complete(await queue.claimed("done", worker), RESULT)
    await queue.claimed("runs", worker)
    await queue.producer.enqueue(task("waits"))
    await queue.producer.enqueue(urgent_task("high"))
    assert await queue.admin.audit() == ["lost"]
    assert await queue.admin.requeue("lost") is ReviveOutcome.REVIVED
    assert await queue.admin.audit() == []


async def test_only_so_many_dead_letters_are_kept(queue: Queue) -> None:
    worker = await queue.worker()
    for number in range(5):
        await worker.fail(await queue.claimed(f"t{number}", worker), FAILURE)
    assert [letter.task_id for letter in await queue.admin.dead_letters(limit=2)] == ["t4", "t3"]
