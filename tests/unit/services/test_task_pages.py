"""One list of Redis and the archive: every task once, newest first, whatever is where and how it is paged."""

import random
from collections.abc import AsyncIterator, Iterator

import pytest

from app.archive.archive import Archive
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.schemas.archived import ArchivedTask
from app.schemas.task import Task, TaskStatus
from app.services.archive_service import ArchiveService
from app.services.task_pages import TaskPages
from app.storage.local import LocalStorage
from tests.support.queue import Queue, connected


@pytest.fixture
async def queue(settings: Settings) -> AsyncIterator[Queue]:
    async with connected(settings) as queue:
        yield queue


@pytest.fixture
def archive(settings: Settings) -> Iterator[Archive]:
    opened = Archive.from_settings(settings)
    yield opened
    opened.close()


@pytest.fixture
def pages(queue: Queue, archive: Archive) -> TaskPages:
    service = ArchiveService(queue.commands, queue.settings, LocalStorage(queue.settings), archive)
    return TaskPages(queue.commands, queue.settings, service)


async def live(queue: Queue, task_id: str, created_ms: int, owner: str | None, status: str) -> None:
    """What Redis knows of a task."""
    payload = Task(task_id=task_id, file_path="a.wav", owner=owner).model_dump_json()
    await queue.commands.hset(
        queue.keys.task(task_id), mapping={"status": status, "payload": payload, "created_at": created_ms}
    )
    for index in {queue.keys.index, queue.keys.index_of(owner)}:
        await queue.commands.zadd(index, {task_id: created_ms})


async def walk(
    pages: TaskPages, owner: str | None, limit: int, status: TaskStatus | None = None
) -> list[str]:
    """Ids of all pages, one after the other."""
    found: list[str] = []
    cursor = None
    while True:
        page = await pages.page(owner, status=status, limit=limit, cursor=cursor)
        assert len(page.tasks) <= limit
        found += [each.task_id for each in page.tasks]
        if (cursor := page.next_cursor) is None:
            return found


@pytest.mark.parametrize("seed", range(4))
async def test_every_task_is_listed_once(
    pages: TaskPages,
    queue: Queue,
    archive: Archive,
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    monkeypatch.setattr("app.services.task_pages.BATCH", 5)
    chance = random.Random(seed)
    known: dict[str, tuple[int, str | None, bool]] = {}
    for number in range(60):
        task_id, owner = f"t{number}", chance.choice([None, "alice"])
        created_ms = chance.randrange(1000, 1030)  # many share a millisecond
        where = chance.choice(["redis", "archive", "both"])
        is_done = where != "redis" or chance.random() < 0.5
        if where != "archive":
            await live(queue, task_id, created_ms, owner, "done" if is_done else "queued")
        if where != "redis":
            archive.keep(ArchivedTask(task_id, created_ms, owner), b"text")
        known[task_id] = (created_ms, owner, is_done)
    order = sorted(known, key=lambda task_id: (known[task_id][0], task_id), reverse=True)

    for limit in (1, 7, 200):
        assert await walk(pages, None, limit) == order
        assert await walk(pages, "alice", limit) == [each for each in order if known[each][1] == "alice"]
        expected = [each for each in order if known[each][2]]
        assert await walk(pages, None, limit, TaskStatus.DONE) == expected
        expected = [each for each in order if not known[each][2]]
        assert await walk(pages, None, limit, TaskStatus.QUEUED) == expected


async def test_redis_tells_more_of_what_is_in_both(pages: TaskPages, queue: Queue, archive: Archive) -> None:
    await live(queue, "t", 1000, None, "queued")  # an operator has queued it anew
    archive.keep(ArchivedTask("t", 1000, filename="old"), b"text")
    [task] = (await pages.page(None, status=None, limit=10, cursor=None)).tasks
    assert task.status is TaskStatus.QUEUED


async def test_an_archived_task_is_summed_up(pages: TaskPages, archive: Archive) -> None:
    archive.keep(ArchivedTask("t", 1_500, None, "talk.mp3", "base", "en", 4.5), b"text")
    [task] = (await pages.page(None, status=None, limit=10, cursor=None)).tasks
    assert task.model_dump() == {
        "task_id": "t",
        "status": TaskStatus.DONE,
        "created_at": 1.5,
        "filename": "talk.mp3",
        "title": "talk",
        "tags": (),
        "model": "base",
        "duration": 4.5,
    }


async def test_without_the_archive_the_rest_is_listed(
    pages: TaskPages, queue: Queue, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.data_dir.write_text("a file")
    await live(queue, "t", 1000, None, "done")
    assert await walk(pages, None, 10) == ["t"]
    assert "Listing archived tasks fails" in caplog.text


async def test_a_cursor_must_be_one(pages: TaskPages) -> None:
    with pytest.raises(InvalidParameter):
        await pages.page(None, status=None, limit=1, cursor="x~t")
