"""What a client is told."""

import pytest

from app.queue.outcomes import DeleteOutcome
from app.schemas.task import TaskFailure, TaskState, TaskStatus
from tests.support.queue import FAILURE, RESULT, Queue, claim, task


async def status(queue: Queue, task_id: str = "t") -> TaskStatus | None:
    state = await queue.reader.state(task_id)
    return state.status if state else None


async def test_a_task_is_followed_from_the_queue_to_its_result(queue: Queue) -> None:
    worker = await queue.worker()
    assert await status(queue) is None
    await queue.producer.enqueue(task("t"))
    assert await status(queue) is TaskStatus.QUEUED
    held = await claim(worker)
    assert await status(queue) is TaskStatus.PROCESSING
    await worker.retry(held, FAILURE, 0)
    assert await status(queue) is TaskStatus.QUEUED
    await queue.maintenance.promote_due()
    await worker.complete(await claim(worker), RESULT)
    assert await queue.reader.state("t") == TaskState(
        task_id="t", status=TaskStatus.DONE, result={"text": "hello"}
    )


@pytest.mark.parametrize("result_removed", [False, True])
async def test_a_failure_is_told_by_result_and_by_hash(queue: Queue, result_removed: bool) -> None:
    worker = await queue.worker()
    await worker.fail(await queue.claimed("t", worker), FAILURE)
    if result_removed:
        await queue.commands.delete(queue.keys.result("t"))
    assert await queue.reader.state("t") == TaskState(task_id="t", status=TaskStatus.ERROR, error=FAILURE)


async def test_a_cancelled_task_is_an_error_of_that_code(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.cancelled(await queue.claimed("t", worker))
    state = await queue.reader.state("t")
    assert state is not None
    assert state.status is TaskStatus.ERROR
    assert state.error is not None
    assert state.error.code == "cancelled"


async def test_an_unreadable_hash_still_says_that_the_task_failed(queue: Queue) -> None:
    await queue.commands.hset(queue.keys.task("t"), mapping={"status": "error", "error": "no json"})
    state = await queue.reader.state("t")
    assert state is not None
    assert state.error == TaskFailure(code="task_failed", message="The task failed.")


async def test_a_done_task_whose_result_was_removed_is_unknown(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("t", worker), RESULT)
    await queue.commands.delete(queue.keys.result("t"))
    assert await queue.reader.state("t") is None


async def test_a_foreign_element_is_found_by_its_id_alone(queue: Queue) -> None:
    await queue.push(b'{"task_id": "t", "file_path": "a.wav", "filename": "u"}')
    assert await status(queue) is TaskStatus.QUEUED
    assert await status(queue, "u") is None
    assert await queue.reader.delete("u", None) is DeleteOutcome.UNKNOWN
    assert await queue.reader.delete("t", None) is DeleteOutcome.DELETED
    assert await queue.reader.queue_length() == 0
    assert await status(queue) is None


async def test_live_workers_are_those_whose_lease_runs(queue: Queue) -> None:
    await queue.claimed("t", await queue.worker("w1"))
    await queue.worker("w2")
    await queue.lapse("w2")
    [live] = await queue.reader.live_workers()
    assert (live.worker_id, live.holding) == ("w1", 1)
    assert 0 < live.lease_seconds_left <= queue.settings.lease_seconds
