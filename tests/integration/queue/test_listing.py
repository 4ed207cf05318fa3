"""Lists of tasks."""

import pytest

from app.core.errors import InvalidParameter
from app.queue.listing import BATCH, TaskList
from app.schemas.task import Task, TaskPage, TaskStatus
from tests.support.queue import FAILURE, RESULT, Queue, claim, task


async def page(
    queue: Queue, *, status: TaskStatus | None = None, limit: int = 10, cursor: str | None = None
) -> TaskPage:
    return await TaskList(queue.commands, queue.settings).page(
        None, status=status, limit=limit, cursor=cursor
    )


def ids(found: TaskPage) -> list[str]:
    return [each.task_id for each in found.tasks]


async def test_newest_come_first_with_what_is_known_of_them(queue: Queue) -> None:
    assert await page(queue) == TaskPage(tasks=())
    for name in ("a", "b"):
        sent = Task(task_id=name, file_path="x.wav", filename="talk.wav", model="base", duration=2.5)
        await queue.producer.enqueue(sent)
        await queue.commands.zadd(queue.keys.index, {name: ord(name)})
    found = await page(queue)

    assert ids(found) == ["b", "a"]
    assert (found.tasks[0].filename, found.tasks[0].model, found.tasks[0].duration) == (
        *("talk.wav", "base"),
        2.5,
    )
    assert found.next_cursor is None


@pytest.mark.parametrize("at_once", [False, True])
async def test_pages_follow_each_other_without_gap_or_overlap(queue: Queue, at_once: bool) -> None:
    names = [f"t{number:03}" for number in range(BATCH + 50)]
    for number, name in enumerate(names):
        await queue.producer.enqueue(task(name))
        await queue.commands.zadd(queue.keys.index, {name: 1 if at_once else number})
    seen: list[str] = []
    cursor = None
    while True:
        found = await page(queue, limit=70, cursor=cursor)
        seen += ids(found)
        cursor = found.next_cursor
        if cursor is None:
            break

    assert seen == list(reversed(names))


async def test_one_status_may_be_asked_for(queue: Queue) -> None:
    worker = await queue.worker()
    await worker.complete(await queue.claimed("done", worker), RESULT)
    await worker.fail(await queue.claimed("failed", worker), FAILURE)
    await queue.claimed("runs", worker)
    await queue.producer.enqueue(task("waits"))

    for status, name in zip(
        ("done", "error", "processing", "queued"), ("done", "failed", "runs", "waits"), strict=True
    ):
        assert ids(await page(queue, status=TaskStatus(status))) == [name]


async def test_a_foreign_task_is_listed_once_it_is_claimed(queue: Queue) -> None:
    worker = await queue.worker()
    await queue.push(b'{"task_id": "f", "file_path": "f.wav"}')
    assert ids(await page(queue)) == []
    await claim(worker)
    assert ids(await page(queue)) == ["f"]


async def test_expired_tasks_leave_the_index(queue: Queue) -> None:
    for name in ("kept", "gone", "pruned"):
        await queue.producer.enqueue(task(name))
    await queue.commands.delete(queue.keys.task("gone"))
    assert ids(await page(queue)) == ["pruned", "kept"]
    await queue.commands.delete(queue.keys.task("pruned"))
    assert await queue.maintenance.prune_indexes() == 1
    assert await queue.commands.zrange(queue.keys.index, 0, -1) == [b"kept"]


@pytest.mark.parametrize("cursor", ["x", "12", "-1~t", "~t"])
async def test_a_cursor_is_one_of_ours(queue: Queue, cursor: str) -> None:
    with pytest.raises(InvalidParameter, match="next_cursor"):
        await page(queue, cursor=cursor)
