"""Finished tasks on their way into the archive: from the disk before it is swept, else from Redis."""

import json
import os
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from app.archive.archive import Archive
from app.archive.database import open_engine
from app.core.config import Settings
from app.core.errors import TaskNotFound
from app.core.stopping import Stopping
from app.queue.outlook import Outlook
from app.schemas.archived import ArchivedTask
from app.schemas.caller import ANYBODY, Caller
from app.schemas.task import Task, TaskStatus
from app.services.archive_service import ArchiveService
from app.services.ended_sweep import WAIT_FOR_ARCHIVE_SECONDS
from app.services.outbox_service import OutboxService
from app.services.task_service import TaskService
from app.storage.local import LocalStorage
from tests.integration.queue.harness import FAILURE, Queue, claim, connected

RESULT = '{"text": "hello", "language": "en", "model": "base", "duration": 4.5}'


@pytest.fixture
async def queue(archive_settings: Callable[..., Settings]) -> AsyncIterator[Queue]:
    async with connected(archive_settings(archive_max_mb=1)) as queue:
        yield queue


@pytest.fixture
def storage(queue: Queue) -> LocalStorage:
    return LocalStorage(queue.settings)


@pytest.fixture
def archive(queue: Queue) -> Iterator[Archive]:
    opened = Archive.from_settings(queue.settings)
    yield opened
    opened.close()


@pytest.fixture
def service(queue: Queue, storage: LocalStorage, archive: Archive) -> ArchiveService:
    return ArchiveService(queue.commands, queue.settings, storage, archive)


@pytest.fixture
def outbox(queue: Queue, storage: LocalStorage, service: ArchiveService) -> OutboxService:
    """That of an API."""
    return OutboxService(queue.commands, queue.settings, storage, service)


@pytest.fixture
def tasks(queue: Queue, storage: LocalStorage, service: ArchiveService) -> TaskService:
    outlook = Outlook(queue.commands, queue.settings)
    return TaskService(queue.commands, queue.settings, storage, outlook, Stopping(), service)


def stored(storage: LocalStorage, settings: Settings, task_id: str = "t") -> Task:
    """An upload with its note."""
    settings.upload_dir.mkdir(parents=True, exist_ok=True)
    (settings.upload_dir / f"{task_id}.mp3").write_bytes(b"sound")
    task = Task(task_id=task_id, file_path=f"{task_id}.mp3", owner="alice", filename="talk.mp3", duration=4.4)
    storage.outbox.save(task)
    return task


async def done(queue: Queue, storage: LocalStorage, task_id: str = "t") -> Task:
    """A task that a worker has done, down to what it leaves on the disk."""
    task = stored(storage, queue.settings, task_id)
    await queue.producer.enqueue(task)
    worker = await queue.worker()
    held = await claim(worker)
    assert storage.keep_result(task, RESULT) == RESULT
    assert await worker.complete(held, RESULT)
    return task


async def ended_before(queue: Queue, seconds: float, task_id: str = "t") -> None:
    """Put the end of a task back, on the clock of Redis."""
    await queue.commands.hincrby(queue.keys.task(task_id), "finished_at", -int(seconds * 1000))


async def forget(queue: Queue, task_id: str = "t") -> None:
    """RESULT_TTL_SECONDS are over."""
    keys = queue.keys
    await queue.commands.delete(keys.task(task_id), keys.result(task_id))
    await queue.commands.zrem(keys.index, task_id)


def files(settings: Settings) -> list[str]:
    folder = settings.upload_dir
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_a_result_is_archived_before_it_leaves_the_disk(
    outbox: OutboxService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    created_ms = int(await queue.field("t", "created_at") or 0)
    await outbox.sweep()
    assert archive.missing(["t"]) == set(), "people work with it at once"
    assert len(files(queue.settings)) == 3, "what Redis may lose stays on the disk for some time"
    await ended_before(queue, queue.settings.keep_ended_seconds)
    assert (await outbox.sweep()).finished == 1
    found = archive.read("t")

    assert found is not None
    assert found.result == RESULT.encode()
    assert found.task == ArchivedTask("t", created_ms, "alice", "talk.mp3", "base", "en", 4.4)
    assert files(queue.settings) == []


async def test_the_result_on_the_disk_counts_more(
    outbox: OutboxService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    await queue.commands.set(queue.keys.result("t"), '{"text": "of a second run"}')
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    found = archive.read("t")
    assert found is not None
    assert found.result == RESULT.encode()


async def test_who_has_no_archive_leaves_what_ended_to_others(
    outbox: OutboxService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    """A worker on another host: what it swept would be in Redis alone."""
    await done(queue, storage)
    storage.discard(stored(storage, queue.settings, "deleted"))
    of_worker = OutboxService(queue.commands, queue.settings, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    _age(queue.settings.outbox_dir / "deleted.deleted", queue.settings.keep_ended_seconds)
    assert (await of_worker.sweep()).finished == 0
    assert files(queue.settings) == [".outbox/deleted.deleted", ".outbox/t.json", ".outbox/t.result", "t.mp3"]

    await outbox.sweep()
    assert files(queue.settings) == []


async def test_what_no_archive_takes_does_not_fill_the_disk(
    service: ArchiveService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    """No API runs: Redis has the results, from where the next one collects them."""
    await done(queue, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds + WAIT_FOR_ARCHIVE_SECONDS)
    assert (await OutboxService(queue.commands, queue.settings, storage).sweep()).finished == 1
    assert files(queue.settings) == []
    assert await service.collect() == 1
    assert archive.read("t") is not None


async def test_an_archive_that_is_away_is_waited_for(
    outbox: OutboxService,
    archive: Archive,
    storage: LocalStorage,
    queue: Queue,
    tasks: TaskService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await done(queue, storage)
    await tasks.delete((await done(queue, storage, "deleted")).task_id, ANYBODY)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    _age(queue.settings.outbox_dir / "deleted.deleted", queue.settings.keep_ended_seconds)
    with monkeypatch.context() as away:
        away.setattr(archive._store, "_engine", _broken(queue.settings))
        await outbox.sweep()
    kept = [".outbox/deleted.deleted", ".outbox/t.json", ".outbox/t.result", "t.mp3"]
    assert files(queue.settings) == kept
    await outbox.sweep()
    assert files(queue.settings) == []
    assert archive.read("t") is not None


def _broken(settings: Settings) -> object:
    """The engine of an archive in a folder that is a file."""
    place = settings.upload_dir / "t.mp3"
    broken = Settings(data_dir=place)
    return open_engine(broken)


async def test_failures_are_kept_too_once_each(
    outbox: OutboxService, service: ArchiveService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage, queue.settings))
    worker = await queue.worker()
    await worker.fail(await claim(worker), FAILURE)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await queue.commands.set(queue.keys.result("foreign"), '{"status": "error", "error": "no"}')

    assert (await outbox.sweep()).finished == 1
    assert [await service.collect() for _ in range(2)] == [1, 0]
    assert archive.missing(["t", "foreign"]) == {"t", "foreign"}, "they are no transcripts"
    kept, foreign = (archive.failures.read(name) for name in ("t", "foreign"))
    assert kept is not None
    assert (kept.code, kept.attempts, kept.owner, kept.filename) == (FAILURE.code, 1, "alice", "talk.mp3")
    assert foreign is not None
    assert (foreign.code, foreign.message) == ("foreign_error", "no")


async def test_what_is_done_after_it_had_failed_is_collected(
    service: ArchiveService, queue: Queue, archive: Archive
) -> None:
    """An operator queued it anew: nothing in UPLOAD_DIR tells of it any more."""
    result = queue.keys.result("t")
    await queue.commands.set(result, '{"error": {"code": "engine_failed", "message": "No."}}')
    assert [await service.collect() for _ in range(2)] == [1, 0]
    await queue.commands.set(result, '{"text": "hello"}')
    assert [await service.collect() for _ in range(2)] == [1, 0]
    assert archive.read("t") is not None
    assert archive.failures.read("t") is None


async def test_the_result_of_a_foreign_worker_is_archived_with_its_owner(
    outbox: OutboxService, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage, queue.settings))
    await queue.commands.set(queue.keys.result("t"), "a bare text")
    await outbox.sweep()
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    found = archive.read("t")
    assert found is not None
    assert (found.result, found.task.owner, found.task.filename) == (b"a bare text", "alice", "talk.mp3")


async def test_what_only_redis_has_is_collected(
    service: ArchiveService, archive: Archive, storage: LocalStorage, queue: Queue, tasks: TaskService
) -> None:
    """Foreign programs push and answer tasks that have no note here."""
    keys = queue.keys
    pushed = Task(task_id="pushed", file_path="/elsewhere/a.wav", owner="alice")
    await queue.producer.enqueue(pushed)
    await queue.commands.set(keys.result("pushed"), json.dumps({"text": "one", "language": 7}))
    await queue.commands.set(keys.result("alone"), "two")
    await queue.commands.set(keys.result("no id!"), "three")
    await done(queue, storage, "noted")
    await done(queue, storage, "deleted")
    storage.discard(Task(task_id="deleted", file_path="deleted.mp3"))

    assert await service.collect() == 2
    assert await service.collect() == 0
    assert archive.missing(["noted", "deleted"]) == {"noted", "deleted"}
    owners = {each.task_id: each.owner for each in archive.page(None, None, 10)}
    assert owners == {"pushed": "alice", "alone": None}
    await forget(queue, "pushed")
    with pytest.raises(TaskNotFound):
        await tasks.state("pushed", Caller("bob"))


async def test_one_api_collects_at_a_time(service: ArchiveService, queue: Queue) -> None:
    await queue.commands.set(queue.keys.result("a"), "text")
    await service.tidy_when_due()
    await queue.commands.set(queue.keys.result("b"), "text")
    await service.tidy_when_due()
    assert [each.task_id for each in await service.page(None, None, 10)] == ["a"]


async def test_what_is_left_over_has_its_turn_at_once(
    service: ArchiveService, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.archive_service.MOST_AT_ONCE", 2)
    for number in range(3):
        await queue.commands.set(queue.keys.result(f"t{number}"), "text")
    for archived in (2, 3):
        await service.tidy_when_due()
        assert (await service.figures()).transcripts == archived
    assert await queue.commands.exists(queue.keys.collected)


async def test_a_task_is_told_from_the_archive_when_redis_has_forgotten_it(
    outbox: OutboxService, storage: LocalStorage, queue: Queue, tasks: TaskService
) -> None:
    await done(queue, storage)
    before = await tasks.state("t", Caller("alice"))
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    await forget(queue)

    assert await tasks.state("t", Caller("alice")) == before
    assert (await tasks.wait("t", ANYBODY, 5)).status is TaskStatus.DONE
    assert [event.state async for event in tasks.follow("t", ANYBODY)] == [before]
    for call in (tasks.state("t", Caller("bob")), tasks.delete("t", Caller("bob"))):
        with pytest.raises(TaskNotFound):
            await call


async def test_what_is_deleted_never_comes_back(
    outbox: OutboxService, service: ArchiveService, storage: LocalStorage, queue: Queue, tasks: TaskService
) -> None:
    task = await done(queue, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    await forget(queue)
    await tasks.delete("t", Caller("alice"))
    assert not await service.keep("t", task, RESULT), "who was about to archive it comes too late"
    _age(queue.settings.outbox_dir / "t.deleted", queue.settings.keep_ended_seconds)
    await outbox.sweep()
    assert files(queue.settings) == []
    assert not await service.keep("t", task, RESULT), "even where the tombstone has gone"
    with pytest.raises(TaskNotFound):
        await tasks.state("t", ANYBODY)


async def test_an_api_that_dies_as_it_deletes_leaves_a_tombstone_that_counts(
    outbox: OutboxService, storage: LocalStorage, archive: Archive, queue: Queue, tasks: TaskService
) -> None:
    task = await done(queue, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    await forget(queue)
    storage.discard(task)
    with pytest.raises(TaskNotFound):
        await tasks.state("t", ANYBODY)
    assert (await tasks.page(ANYBODY, status=None, limit=10, cursor=None)).tasks == ()
    _age(queue.settings.outbox_dir / "t.deleted", queue.settings.keep_ended_seconds)
    await outbox.sweep()
    assert files(queue.settings) == []
    assert archive.read("t") is None


async def test_a_limit_warns_before_it_acts(
    service: ArchiveService,
    archive: Archive,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(zlib, "compress", lambda data: data)
    removed = []
    for number, size in enumerate((950_000, 50_000, 60_000)):
        archive.keep(ArchivedTask(f"t{number}", number), bytes(size))
        removed += [await service.trim(), await service.trim()]
    assert removed == [0, 0, 0, 0, 1, 0]
    assert [line for line in caplog.messages if "ARCHIVE_MAX" in line] == [
        "The archive holds 950000 of 1048576 bytes (ARCHIVE_MAX_MB); when it is full, the oldest go",
        "1 transcript(s) have left the archive: ARCHIVE_MAX_DAYS or ARCHIVE_MAX_MB",
    ]


def _age(path: Path, seconds: float) -> None:
    then = time.time() - seconds - 1  # the clock of the file system runs in steps
    os.utime(path, (then, then))


async def test_redis_keeps_archived_results_for_a_short_time(
    outbox: OutboxService, tasks: TaskService, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    for _ in range(2):
        await outbox.sweep()
        assert 0 < await queue.commands.ttl(queue.keys.result("t")) <= queue.settings.archived_result_seconds
    await queue.commands.delete(queue.keys.result("t"))  # that time is over
    state = await tasks.state("t", Caller("alice"))
    assert (state.status, (state.result or {})["text"]) == (TaskStatus.DONE, "hello")
    listed = await tasks.page(Caller("alice"), status=TaskStatus.DONE, limit=9, cursor=None)
    assert [each.task_id for each in listed.tasks] == ["t"]
    ended = await queue.reader.ended("t")
    assert ended is not None, "its webhook may still have to be sent"
    assert ended.state.status is TaskStatus.DONE
    await ended_before(queue, queue.settings.keep_ended_seconds)
    assert (await outbox.sweep()).enqueued == 0


async def test_results_of_programs_that_read_redis_stay_there(service: ArchiveService, queue: Queue) -> None:
    await queue.commands.set(queue.keys.result("foreign"), RESULT, ex=queue.settings.result_ttl_seconds)
    assert await service.collect() == 1
    assert await queue.commands.ttl(queue.keys.result("foreign")) > queue.settings.archived_result_seconds


async def test_what_the_archive_refuses_stays_in_redis(
    archive_settings: Callable[..., Settings],
) -> None:
    """A transcript that would be too old at once."""
    settings = archive_settings(archive_max_days=2e-8)
    async with connected(settings) as queue:
        storage, archive = LocalStorage(settings), Archive.from_settings(settings)
        await done(queue, storage)
        service = ArchiveService(queue.commands, settings, storage, archive)
        await OutboxService(queue.commands, settings, storage, service).sweep()
        assert await queue.commands.ttl(queue.keys.result("t")) > settings.archived_result_seconds
        archive.close()
