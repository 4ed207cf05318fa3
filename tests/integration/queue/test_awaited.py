"""Tasks whose callers wait: how long they are kept, and who may take them over."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.core.config import Settings
from app.queue.awaited import AwaitedTasks
from tests.support.queue import Queue, connected, task
from tests.support.serving import PATIENCE_SECONDS


@pytest.fixture
async def queue(settings_for: Callable[..., Settings]) -> AsyncIterator[Queue]:
    async with connected(settings_for(orphan_seconds=60)) as queue:
        await queue.producer.enqueue(task("t"))
        yield queue


@pytest.fixture
def awaited(queue: Queue) -> AwaitedTasks:
    return AwaitedTasks(queue.commands, queue.settings)


async def test_an_equal_request_joins(awaited: AwaitedTasks) -> None:
    assert await awaited.join("alice", "f") is None
    await awaited.expect("t", "alice", "f", begin=True, share=True)

    assert await awaited.join("alice", "f") == "t"
    assert await awaited.join("alice", "other") is None
    assert await awaited.join("bob", "f") is None
    assert await awaited.join(None, "f") is None


async def test_without_sharing_only_who_comes_after_the_caller_has_gone_joins(awaited: AwaitedTasks) -> None:
    await awaited.expect("t", None, "f", begin=True, share=False)
    assert await awaited.join(None, "f") is None
    await awaited.expect("t", None, "f", share=True)
    assert await awaited.join(None, "f") == "t"


async def test_a_task_that_is_gone_cannot_be_joined(queue: Queue, awaited: AwaitedTasks) -> None:
    await awaited.expect("t", None, "f", begin=True, share=True)
    await queue.scripts.delete("t")
    assert await awaited.join(None, "f") is None


async def test_one_that_is_deleted_while_it_runs_cannot_be_joined(
    queue: Queue, awaited: AwaitedTasks
) -> None:
    await awaited.expect("t", None, "f", begin=True, share=True)
    await queue.commands.hset(queue.keys.task("t"), "deleted", "1")
    assert await awaited.join(None, "f") is None


async def test_released_tasks_stay(queue: Queue, awaited: AwaitedTasks) -> None:
    await awaited.expect("t", None, "f", begin=True, share=True)
    await awaited.release("t", None, "f", share=True)
    await awaited.expect("t", None, "f", share=True)

    assert await queue.commands.zcard(queue.keys.awaited) == 0, "it is not awaited again"
    assert await awaited.join(None, "f") == "t"
    await awaited.release("t", None, "f", share=False)
    assert await awaited.join(None, "f") is None
    assert await queue.commands.exists(queue.keys.shared(None, "f")) == 0


async def test_releasing_one_leaves_the_other(awaited: AwaitedTasks, queue: Queue) -> None:
    """Two equal requests came at the same moment: the first no longer owns the name."""
    await queue.producer.enqueue(task("u"))
    await awaited.expect("t", None, "f", begin=True, share=True)
    await awaited.expect("u", None, "f", begin=True, share=True)
    await awaited.release("t", None, "f", share=False)
    assert await awaited.join(None, "f") == "u"


async def test_orphans_are_given_once_and_not_before_their_time(queue: Queue, awaited: AwaitedTasks) -> None:
    brief = AwaitedTasks(queue.commands, queue.settings.model_copy(update={"orphan_seconds": 0.05}))
    await awaited.expect("kept", None, "k", begin=True, share=True)
    await brief.expect("t", None, "f", begin=True, share=True)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (orphans := await brief.take_orphans()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    assert orphans == ["t"]
    assert await brief.take_orphans() == []
    assert await brief.join(None, "f") is None


async def test_an_equal_request_puts_the_end_off(queue: Queue, awaited: AwaitedTasks) -> None:
    brief = AwaitedTasks(queue.commands, queue.settings.model_copy(update={"orphan_seconds": 5}))
    await brief.expect("t", None, "f", begin=True, share=True)
    before = await queue.commands.zscore(queue.keys.awaited, "t")
    assert await awaited.join(None, "f") == "t"
    after = await queue.commands.zscore(queue.keys.awaited, "t")
    assert before is not None
    assert after is not None
    assert after - before >= 50_000


async def test_nothing_is_remembered_where_the_operator_does_not_want_it(queue: Queue) -> None:
    off = AwaitedTasks(queue.commands, queue.settings.model_copy(update={"orphan_seconds": 0}))
    await off.expect("t", None, "f", begin=True, share=True)
    assert await off.join(None, "f") is None
    assert await queue.commands.zcard(queue.keys.awaited) == 0
