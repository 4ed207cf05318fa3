"""The archive in both of its databases: each transcript once, none that was removed."""

import gc
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.archive import archive as archive_module
from app.archive.archive import DAY_MS, MEBIBYTE, Archive
from app.core.config import Settings
from app.core.errors import ArchiveUnavailable
from app.schemas.archived import ArchivedResult, ArchivedTask
from app.schemas.position import Position
from tests.support.postgres import PostgresServer

SettingsFor = Callable[..., Settings]

TASK = ArchivedTask(
    task_id="t",
    created_ms=1_700_000_000_123,
    owner="alice",
    filename="Разговор.mp3",
    model="base",
    language="ru",
    duration=61.5,
)
RESULT = '{"text": "привет",\n "segments": []}'.encode()


@contextmanager
def opened(settings: Settings) -> Iterator[Archive]:
    archive = Archive.from_settings(settings)
    try:
        yield archive
    finally:
        archive.close()


def task(task_id: str, created_ms: int = 0, owner: str | None = None) -> ArchivedTask:
    return ArchivedTask(task_id=task_id, created_ms=created_ms, owner=owner)


def ids(found: list[ArchivedTask]) -> list[str]:
    return [each.task_id for each in found]


def test_a_result_is_kept_byte_for_byte(archive: Archive) -> None:
    assert archive.keep(TASK, RESULT)
    assert archive.read("t") == ArchivedResult(TASK, RESULT)
    assert archive.read("other") is None


def test_the_first_result_stays(archive: Archive) -> None:
    archive.keep(TASK, RESULT)
    assert not archive.keep(task("t"), b'{"text": "another"}')
    assert archive.read("t") == ArchivedResult(TASK, RESULT)
    assert archive.figures().transcripts == 1


def test_what_another_process_kept_is_there_after_a_restart(archive_settings: SettingsFor) -> None:
    for number in range(2):
        with opened(archive_settings()) as archive:
            assert archive.keep(TASK, RESULT) == (number == 0)


def test_a_removed_task_comes_too_late(archive: Archive) -> None:
    archive.keep(TASK, RESULT)
    for task_id in ("t", "never here"):
        archive.remove(task_id)
        archive.remove(task_id)
        assert not archive.keep(task(task_id), RESULT)
        assert archive.read(task_id) is None
    assert archive.page(None, None, 10) == []
    assert archive.missing(["t", "never here", "new"]) == {"new"}
    assert archive.figures().transcripts == 0


def test_an_id_may_come_again_a_day_after_it_was_removed(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.remove("t")
    archive.trim()
    assert not archive.keep(TASK, RESULT)
    monkeypatch.setattr(archive_module, "_now_ms", lambda: int(time.time() * 1000) + DAY_MS + 1)
    archive.trim()
    assert archive.keep(TASK, RESULT)


def test_pages_run_from_new_to_old_and_by_bytes_of_the_id(archive: Archive) -> None:
    names = ["a", "B", "_", "-b", "b"]  # a language would order them otherwise
    for name in names:
        archive.keep(task(name, 5), RESULT)
    archive.keep(task("new", 9), RESULT)
    archive.keep(task("old", 1), RESULT)
    expected = ["new", *sorted(names, reverse=True), "old"]

    assert ids(archive.page(None, None, 10)) == expected
    found, after = [], None
    while page := archive.page(None, after, 2):
        found += page
        after = Position(page[-1].created_ms, page[-1].task_id)
    assert ids(found) == expected


def test_an_owner_sees_what_is_hers(archive: Archive) -> None:
    for number, owner in enumerate(("alice", "bob", None)):
        archive.keep(task(str(owner), number, owner), RESULT)
    assert ids(archive.page("alice", None, 10)) == ["alice"]
    assert ids(archive.page(None, None, 10)) == ["None", "bob", "alice"]


def test_text_that_a_database_does_not_take_loses_that_alone(archive: Archive) -> None:
    assert archive.keep(ArchivedTask("t", 1, filename="a\0b", model="\0"), b"\0\xff")
    found = archive.read("t")
    assert found is not None
    assert (found.task.filename, found.task.model, found.result) == ("a\ufffdb", "\ufffd", b"\0\xff")


def test_what_is_too_old_leaves(archive_settings: SettingsFor) -> None:
    now = int(time.time() * 1000)
    with opened(archive_settings(archive_max_days=2)) as archive:
        new, old = task("new", now - DAY_MS), task("old", now - 3 * DAY_MS)
        for each in (new, old):
            archive.keep(each, RESULT)
        assert (archive.is_too_old(new), archive.is_too_old(old)) == (False, True)
        assert archive.trim() == 1
        assert ids(archive.page(None, None, 10)) == ["new"]
        assert archive.trim() == 0


def test_a_full_archive_gives_up_the_oldest_and_does_not_take_them_back(
    archive_settings: SettingsFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zlib, "compress", lambda data: data)
    with opened(archive_settings(archive_max_mb=1)) as archive:
        for number in range(8):
            archive.keep(task(f"t{number}", number), bytes(MEBIBYTE // 4))
        figures = archive.figures()
        assert (figures.used_bytes, figures.limit_bytes) == (2 * MEBIBYTE, MEBIBYTE)
        assert archive.trim() == 4
        assert ids(archive.page(None, None, 10)) == ["t7", "t6", "t5", "t4"]
        assert not archive.keep(task("t0"), RESULT), "Redis still has it, and it would come and go for ever"
        assert archive.trim() == 0


def test_many_may_open_it_at_once(archive_settings: SettingsFor) -> None:
    kept: list[bool] = []

    def open_and_keep() -> None:
        with opened(archive_settings()) as archive:
            kept.append(archive.keep(TASK, RESULT))

    threads = [threading.Thread(target=open_and_keep) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == [False] * 7 + [True]


def test_who_closes_it_waits_for_those_at_it(archive_settings: SettingsFor) -> None:
    """A call that was cancelled goes on in its thread; psycopg warns of connections that are left open."""
    archive = Archive.from_settings(archive_settings())
    begun, may_end = threading.Event(), threading.Event()

    def use() -> None:
        with archive._store.connection():
            begun.set()
            may_end.wait()

    using, closing = threading.Thread(target=use), threading.Thread(target=archive.close)
    using.start()
    begun.wait()
    closing.start()
    closing.join(0.2)  # it would be over by now if it did not wait
    may_end.set()
    using.join()
    closing.join()
    gc.collect()


def test_who_comes_after_the_end_opens_nothing(archive_settings: SettingsFor) -> None:
    archive = Archive.from_settings(archive_settings())
    archive.prepare()
    archive.close()
    with pytest.raises(ArchiveUnavailable, match="is closed"):
        archive.figures()
    gc.collect()


def test_a_database_that_is_away_is_told_and_used_again(
    settings_for: SettingsFor, caplog: pytest.LogCaptureFixture
) -> None:
    server = PostgresServer()
    settings = settings_for(database_url=f"postgresql://postgres:hunter2@127.0.0.1:{server.port}/postgres")
    try:
        with opened(settings) as archive:
            with pytest.raises(ArchiveUnavailable):
                archive.prepare()
            server.start()
            assert archive.keep(TASK, RESULT)
            server.stop()
            for _ in range(2):
                with pytest.raises(ArchiveUnavailable):
                    archive.read("t")
            server.start()
            assert archive.read("t") == ArchivedResult(TASK, RESULT)
    finally:
        server.remove()
    assert "hunter2" not in caplog.text
    assert "Using the archive fails" in caplog.text


def test_a_folder_that_cannot_be_written_is_told(settings: Settings) -> None:
    settings.data_dir.write_text("a file")
    with opened(settings) as archive:
        with pytest.raises(ArchiveUnavailable):
            archive.keep(TASK, RESULT)
        settings.data_dir.unlink()
        assert archive.keep(TASK, RESULT)


def test_the_file_is_nobody_elses_and_forgets_what_is_removed(settings: Settings) -> None:
    secret = bytes(range(256)) * 8
    with opened(settings) as archive:
        archive.keep(ArchivedTask("t", 1, filename="a-name-to-forget"), secret)
        assert {path.stat().st_mode & 0o077 for path in _files(settings)} == {0}
        archive.remove("t")
    content = b"".join(path.read_bytes() for path in _files(settings))
    assert b"a-name-to-forget" not in content
    assert zlib.compress(secret)[100:200] not in content


def _files(settings: Settings) -> list[Path]:
    return list(settings.data_dir.iterdir())
