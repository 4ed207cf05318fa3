"""Finished tasks in the archive: collected from Redis, told once Redis forgot them, limited, deleted."""

import json
import zlib

import pytest

from app.archive.archive import Archive
from app.core.errors import TaskNotFound
from app.housekeeping.outbox_sweep import OutboxSweep
from app.schemas.archived import ArchivedTask
from app.schemas.caller import ANYBODY, Caller
from app.schemas.task import Task, TaskStatus
from app.services.archive_service import ArchiveService
from app.services.task_service import TaskService
from app.storage.local import LocalStorage
from tests.support.queue import Queue
from tests.unit.housekeeping.outbox import files
from tests.unit.services.archiving.talks import RESULT, age, done, ended_before, forget


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
    outbox: OutboxSweep, storage: LocalStorage, queue: Queue, tasks: TaskService
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
    outbox: OutboxSweep, service: ArchiveService, storage: LocalStorage, queue: Queue, tasks: TaskService
) -> None:
    task = await done(queue, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    await forget(queue)
    await tasks.delete("t", Caller("alice"))
    assert not await service.keep("t", task, RESULT), "who was about to archive it comes too late"
    age(queue.settings.outbox_dir / "t.deleted", queue.settings.keep_ended_seconds)
    await outbox.sweep()
    assert files(queue.settings) == []
    assert not await service.keep("t", task, RESULT), "even where the tombstone has gone"
    with pytest.raises(TaskNotFound):
        await tasks.state("t", ANYBODY)


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


async def test_results_of_programs_that_read_redis_stay_there(service: ArchiveService, queue: Queue) -> None:
    await queue.commands.set(queue.keys.result("foreign"), RESULT, ex=queue.settings.result_ttl_seconds)
    assert await service.collect() == 1
    assert await queue.commands.ttl(queue.keys.result("foreign")) > queue.settings.archived_result_seconds
