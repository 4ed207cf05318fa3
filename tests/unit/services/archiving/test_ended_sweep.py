"""Ended tasks on their way into the archive, from the disk before it is swept."""

from collections.abc import Callable

import pytest
from sqlalchemy import event

from app.archive.archive import Archive
from app.archive.database import open_engine
from app.core.config import Settings
from app.core.errors import TaskNotFound
from app.housekeeping.ended_sweep import ASKED_AT_ONCE, WAIT_FOR_ARCHIVE_SECONDS, Handover
from app.housekeeping.outbox_sweep import OutboxSweep
from app.queue.outcomes import Stage, Standing
from app.schemas.archived import ArchivedTask
from app.schemas.caller import ANYBODY, Caller
from app.schemas.task import TaskStatus
from app.services.archive_service import ArchiveService
from app.services.task_service import TaskService
from app.storage.local import LocalStorage
from tests.support.queue import FAILURE, Queue, claim, connected
from tests.unit.housekeeping.outbox import files
from tests.unit.services.archiving.talks import RESULT, age, done, ended_before, forget, stored


async def test_a_result_is_archived_before_it_leaves_the_disk(
    outbox: OutboxSweep, archive: Archive, storage: LocalStorage, queue: Queue
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
    outbox: OutboxSweep, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await done(queue, storage)
    await queue.commands.set(queue.keys.result("t"), '{"text": "of a second run"}')
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    found = archive.read("t")
    assert found is not None
    assert found.result == RESULT.encode()


async def test_who_has_no_archive_leaves_what_ended_to_others(
    outbox: OutboxSweep, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    """A worker on another host: what it swept would be in Redis alone."""
    await done(queue, storage)
    storage.discard(stored(storage, queue.settings, "deleted"))
    of_worker = OutboxSweep(queue.commands, queue.settings, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    age(queue.settings.outbox_dir / "deleted.deleted", queue.settings.keep_ended_seconds)
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
    assert (await OutboxSweep(queue.commands, queue.settings, storage).sweep()).finished == 1
    assert files(queue.settings) == []
    assert await service.collect() == 1
    assert archive.read("t") is not None


async def test_an_archive_that_is_away_is_waited_for(
    outbox: OutboxSweep,
    archive: Archive,
    storage: LocalStorage,
    queue: Queue,
    tasks: TaskService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await done(queue, storage)
    await tasks.delete((await done(queue, storage, "deleted")).task_id, ANYBODY)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    age(queue.settings.outbox_dir / "deleted.deleted", queue.settings.keep_ended_seconds)
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
    outbox: OutboxSweep, service: ArchiveService, archive: Archive, storage: LocalStorage, queue: Queue
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


async def test_the_result_of_a_foreign_worker_is_archived_with_its_owner(
    outbox: OutboxSweep, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    await queue.producer.enqueue(stored(storage, queue.settings))
    await queue.commands.set(queue.keys.result("t"), "a bare text")
    await outbox.sweep()
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    found = archive.read("t")
    assert found is not None
    assert (found.result, found.task.owner, found.task.filename) == (b"a bare text", "alice", "talk.mp3")


async def test_an_api_that_dies_as_it_deletes_leaves_a_tombstone_that_counts(
    outbox: OutboxSweep, storage: LocalStorage, archive: Archive, queue: Queue, tasks: TaskService
) -> None:
    task = await done(queue, storage)
    await ended_before(queue, queue.settings.keep_ended_seconds)
    await outbox.sweep()
    await forget(queue)
    storage.discard(task)
    with pytest.raises(TaskNotFound):
        await tasks.state("t", ANYBODY)
    assert (await tasks.page(ANYBODY, status=None, limit=10, cursor=None)).tasks == ()
    age(queue.settings.outbox_dir / "t.deleted", queue.settings.keep_ended_seconds)
    await outbox.sweep()
    assert files(queue.settings) == []
    assert archive.read("t") is None


async def test_redis_keeps_archived_results_for_a_short_time(
    outbox: OutboxSweep, tasks: TaskService, storage: LocalStorage, queue: Queue
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


async def test_what_the_archive_refuses_stays_in_redis(
    archive_settings: Callable[..., Settings],
) -> None:
    """A transcript that would be too old at once."""
    settings = archive_settings(archive_max_days=2e-8)
    async with connected(settings) as queue:
        storage, archive = LocalStorage(settings), Archive.from_settings(settings)
        await done(queue, storage)
        service = ArchiveService(queue.commands, settings, storage, archive)
        await OutboxSweep(queue.commands, settings, storage, service).sweep()
        assert await queue.commands.ttl(queue.keys.result("t")) > settings.archived_result_seconds
        archive.close()


async def test_a_sweep_asks_the_archive_once(
    outbox: OutboxSweep, archive: Archive, storage: LocalStorage, queue: Queue
) -> None:
    """However many tasks have ended: they are as new, then due, and each is kept once."""
    names = {f"t{number}" for number in range(3)}
    for name in sorted(names):
        await done(queue, storage, name)
    archive.prepare()
    statements: list[str] = []

    def note(*call: object) -> None:
        statements.append(str(call[2]))

    event.listen(archive._store._engine, "before_cursor_execute", note)
    for seconds, kept, finished in ((0.0, 3, 0), (queue.settings.keep_ended_seconds, 0, 3)):
        for name in names:
            await ended_before(queue, seconds, name)
        statements.clear()
        assert (await outbox.sweep()).finished == finished
        assert [each.split()[0] for each in statements].count("SELECT") == 1, statements
        assert sum(each.startswith("INSERT INTO transcripts") for each in statements) == kept
    assert archive.missing(names) == set()


async def test_what_another_api_keeps_meanwhile_is_left_to_it(
    archive: Archive, storage: LocalStorage, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two begin at the same tasks; the other is done with all before this one has kept its first batch."""
    service = ArchiveService(queue.commands, queue.settings, storage, archive)
    names = [f"t{number}" for number in range(ASKED_AT_ONCE + 5)]
    tried: list[str] = []

    async def keep(task_id: str, noted: object, result: object) -> bool:
        if not tried:
            for name in names:
                archive.keep(ArchivedTask(name, 1), b"{}")
        tried.append(task_id)
        return False

    async def no_note(_: str) -> None:
        return None

    monkeypatch.setattr(service, "keep", keep)
    ended = dict.fromkeys(names, Standing(Stage.ENDED, 0.0, None))
    assert await Handover(service, storage, no_note).keep_new(ended, ()) == set()
    assert len(tried) == ASKED_AT_ONCE
