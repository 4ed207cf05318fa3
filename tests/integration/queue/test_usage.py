"""Quotas in Redis: counted with the check in one step, put right when tasks end."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from app.core.config import Settings
from app.core.errors import QuotaExceeded, RecordingExceedsLimit
from app.queue.usage import MEBIBYTE, UsageCounter
from app.schemas.task import Task
from tests.support.queue import Queue, claim, connected

QUOTA = "alice:audio_hours_day=1:audio_hours_month=2:mebibytes_day=10:open_tasks=3"


@pytest.fixture
async def queue(settings_for: Callable[..., Settings]) -> AsyncIterator[Queue]:
    async with connected(settings_for(key_quotas=(QUOTA,))) as queue:
        yield queue


@pytest.fixture
def usage(queue: Queue) -> UsageCounter:
    return UsageCounter(queue.commands, queue.settings)


def task(task_id: str, seconds: float | None = 60, owner: str | None = "alice") -> Task:
    return Task(task_id=task_id, file_path="a.wav", duration=seconds, owner=owner)


async def test_each_task_is_counted_once(queue: Queue, usage: UsageCounter) -> None:
    for _ in range(2):  # the reply of the first may have been lost
        await usage.admit(task("a", 900), 2 * MEBIBYTE)
    told = await usage.usage("alice")
    assert (told.audio_hours_day.used, told.audio_hours_day.limit) == (0.25, 1)
    assert (told.mebibytes_day.used, told.tasks_day, told.tasks_month) == (2, 1, 1)
    assert (told.open_tasks.used, told.open_tasks.limit) == (1, 3)
    assert 0 < (told.audio_hours_day.resets_in_seconds or 0) <= 86_401
    await usage.withdraw(task("a", 900), 2 * MEBIBYTE)
    await usage.withdraw(task("a", 900), 2 * MEBIBYTE)
    told = await usage.usage("alice")
    assert (told.audio_hours_day.used, told.tasks_day, told.open_tasks.used) == (0, 0, 0)
    keys = [key async for key in queue.commands.scan_iter(f"{queue.settings.redis_queue_name}:usage:*")]
    assert len(keys) == 2
    assert all([await queue.commands.ttl(key) > 0 for key in keys])


@pytest.mark.parametrize(
    ("seconds", "size", "quota"),
    [(3600.0, 0, "audio_hours_day"), (1.0, 10 * MEBIBYTE, "mebibytes_day")],
)
async def test_what_has_no_room_is_refused(
    usage: UsageCounter, seconds: float, size: int, quota: str
) -> None:
    await usage.admit(task("first", 1), 1)
    with pytest.raises(QuotaExceeded, match="no room") as raised:
        await usage.admit(task("a", seconds), size)
    assert raised.value.extra["quota"] == quota
    assert 0 < (raised.value.retry_after_seconds or 0) <= 86_401
    with pytest.raises(RecordingExceedsLimit, match="in parts") as never:
        await usage.admit(task("a", seconds + 1), size + 1)
    assert never.value.extra["quota"] == quota
    assert (await usage.usage("alice")).tasks_day == 1
    await usage.refuse_early("alice")
    await usage.admit(task("b", 3599), 10 * MEBIBYTE - 1)
    with pytest.raises(QuotaExceeded):
        await usage.refuse_early("alice")


async def test_many_at_once_share_the_last_room(usage: UsageCounter) -> None:
    wanted = [usage.admit(task(f"t{number}", 1), 0) for number in range(20)]
    refused = [each for each in await asyncio.gather(*wanted, return_exceptions=True) if each is not None]
    assert len(refused) == 17
    assert all(isinstance(each, QuotaExceeded) for each in refused)


async def test_tasks_that_have_ended_are_open_no_more(queue: Queue, usage: UsageCounter) -> None:
    for name in ("a", "b", "c"):
        await usage.admit(task(name), 0)
        await queue.producer.enqueue(task(name))
    with pytest.raises(QuotaExceeded, match="unfinished"):
        await usage.refuse_early("alice")
    worker = await queue.worker()
    held = await claim(worker)
    await worker.complete(held, '{"text": "hello", "duration": 60}')
    await queue.commands.set(queue.keys.result("b"), '"a foreign answer"')
    assert await usage.settle("alice") == 1
    await usage.refuse_early("alice")
    assert (await usage.usage("alice")).audio_hours_day.used == pytest.approx(180 / 3600, abs=1e-4)


async def test_a_length_that_was_not_known_counts_at_the_end(queue: Queue, usage: UsageCounter) -> None:
    await usage.admit(task("a", None), 0)
    await queue.producer.enqueue(task("a", None))
    assert (await usage.usage("alice")).audio_hours_day.used == 0
    await queue.commands.set(queue.keys.result("a"), '{"text": "", "duration": 3600}')
    for _ in range(2):
        assert (await usage.usage("alice")).audio_hours_day.used == 1


async def test_who_deletes_a_task_does_not_take_its_length_back(queue: Queue, usage: UsageCounter) -> None:
    await usage.admit(task("a", None), 0)
    await queue.producer.enqueue(task("a", None))
    await queue.commands.set(queue.keys.result("a"), '{"text": "", "duration": 3600}')
    await usage.leave("bob", "a")
    await usage.leave(None, "a")
    for _ in range(2):
        await usage.leave("alice", "a")
        await queue.commands.delete(queue.keys.result("a"))
    told = await usage.usage("alice")
    assert (told.audio_hours_day.used, told.open_tasks.used) == (1, 0)


async def test_nothing_is_taken_back_from_another_day(queue: Queue, usage: UsageCounter) -> None:
    """The day ended between the count and the refusal."""
    await usage.admit(task("a", 900), MEBIBYTE)
    async for key in queue.commands.scan_iter(f"{queue.settings.redis_queue_name}:usage:*"):
        await queue.commands.delete(key)
    await usage.withdraw(task("a", 900), MEBIBYTE)
    told = await usage.usage("alice")
    assert (told.audio_hours_day.used, told.mebibytes_month.used, told.tasks_day) == (0, 0, 0)


async def test_what_was_never_accepted_is_forgotten(queue: Queue, usage: UsageCounter) -> None:
    """The API died between the count and the task, or the task was deleted."""
    await usage.admit(task("a"), 0)
    assert await usage.settle("alice") == 1
    await queue.commands.zadd(queue.keys.open_tasks("alice"), {"a": 1})
    assert await usage.settle("alice") == 0


async def test_who_has_no_quota_is_counted_all_the_same(usage: UsageCounter) -> None:
    for number in range(5):
        await usage.admit(task(f"t{number}", 7200, "bob"), 0)
    await usage.admit(task("nobody", 1, None), 0)
    told = await usage.usage("bob")
    assert (told.audio_hours_month.used, told.audio_hours_month.limit, told.tasks_month) == (10, None, 5)
    assert (await usage.usage(None)).tasks_day == 0
