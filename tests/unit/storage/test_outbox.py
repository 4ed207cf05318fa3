"""Notes, kept results and tombstones of tasks, and what goes at their end, with real files."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import StorageFull
from app.schemas.task import Task, TaskFailure
from app.storage import files as outbox_files
from app.storage.base import OutboxListing
from app.storage.local import LocalStorage
from tests.unit.storage.uploads import TASK_ID, files, stored


def test_finish_removes_recording_and_note(storage: LocalStorage, folder: Path) -> None:
    task = stored(storage)
    assert storage.outbox.listing().notes == {TASK_ID}
    assert storage.outbox.read(TASK_ID) == task
    storage.finish(task)
    storage.finish(task)
    assert files(folder) == []
    assert storage.outbox.listing().notes == set()
    assert storage.outbox.read(TASK_ID) is None


def test_a_recording_that_is_not_named_after_the_task_is_not_ours(
    storage: LocalStorage, folder: Path
) -> None:
    """Programs push two tasks on one file: the end of the first must not take it from the second."""
    folder.mkdir()
    (folder / "talk.wav").write_bytes(b"x")
    (folder / "first.wav").write_bytes(b"x")
    storage.finish(Task(task_id="first", file_path="talk.wav"))
    storage.discard(Task(task_id="second", file_path="talk.wav"))
    storage.finish(Task(task_id="first", file_path="first.wav"))
    assert files(folder) == [".outbox/second.deleted", "talk.wav"]


def test_finish_keeps_what_is_to_be_kept(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(keep_audio=True)
    storage = LocalStorage(settings)
    storage.finish(stored(storage))
    assert files(settings.upload_dir) == [f"{TASK_ID}.mp3"]


def test_finish_survives_what_cannot_be_removed(
    storage: LocalStorage, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "x.mp3").mkdir(parents=True)
    storage.finish(Task(task_id="x", file_path="x.mp3"))
    assert "Cannot remove" in caplog.text


def test_a_note_that_cannot_be_read(
    storage: LocalStorage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / "bad.json").write_text("{")
    assert storage.outbox.read("bad") is None
    assert "bad" in caplog.text


@pytest.mark.parametrize("filename", ["talk.mp3", "talk.unknown", None])
def test_recordings_of_archived_tasks_are_found_and_removed(
    storage: LocalStorage, folder: Path, filename: str | None
) -> None:
    """Redis has forgotten the task; the archive keeps no paths."""
    stored(storage)
    other = stored(storage, "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c56")
    (folder / f"{TASK_ID}.part").write_bytes(b"of another upload")
    archived = Task(task_id=TASK_ID, file_path=TASK_ID, filename=filename)
    assert storage.kept_recording(archived) == folder / f"{TASK_ID}.mp3"
    storage.discard(archived)
    assert storage.kept_recording(archived) is None
    assert storage.recording_of(other) is not None
    assert (folder / f"{TASK_ID}.part").exists()


def test_what_a_task_left_is_kept_with_its_result(storage: LocalStorage, folder: Path) -> None:
    task = stored(storage)
    assert storage.outbox.result(TASK_ID) is None
    assert storage.keep_result(task, '{"text": "é"}') == '{"text": "é"}'
    assert storage.outbox.result(TASK_ID) == '{"text": "é"}'
    assert files(folder) == [f".outbox/{TASK_ID}.json", f".outbox/{TASK_ID}.result", f"{TASK_ID}.mp3"]
    storage.finish(task)
    assert files(folder) == []


@pytest.mark.parametrize("links", [True, False])
def test_the_first_result_counts(storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, links: bool) -> None:
    """Two workers may do the same task, of which one has lost its claim; some file systems know no links."""
    if not links:

        def refuse(*_: object) -> None:
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

        monkeypatch.setattr(Path, "hardlink_to", refuse)
    task = stored(storage)
    with ThreadPoolExecutor(4) as threads:
        results = {f'{{"text": "{number}"}}' for number in range(4)}
        if links:
            [first] = set(threads.map(lambda result: storage.keep_result(task, result), results))
        else:
            first = storage.keep_result(task, results.pop())
    assert storage.keep_result(task, "{}") == first
    assert storage.outbox.result(TASK_ID) == first
    assert not storage.outbox.listing().has_parts


def test_a_result_that_cannot_be_linked_is_told(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    assert storage.keep_result(stored(storage), "{}") == "{}"
    assert "is not kept" in caplog.text
    assert not storage.outbox.listing().has_parts


def test_a_foreign_task_gets_its_note_at_its_end(storage: LocalStorage, folder: Path) -> None:
    """Without one nobody would ever remove its recording."""
    folder.mkdir()
    (folder / "my-1.wav").write_bytes(b"sound")
    task = Task(task_id="my-1", file_path="my-1.wav")
    storage.keep_failed(task, None)
    assert storage.outbox.read("my-1") == task
    assert files(folder) == [".outbox/my-1.json", "my-1.wav"]


def test_nothing_is_noted_of_a_file_that_is_not_ours(storage: LocalStorage) -> None:
    task = Task(task_id="x", file_path="/etc/passwd")
    assert storage.keep_result(task, "{}") == "{}", "it counts all the same"
    storage.keep_failed(task, None)
    assert storage.outbox.listing() == OutboxListing(frozenset(), frozenset(), frozenset())


def fill_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk has room for as many files as are removed from now on."""
    room = [0]
    create, unlink = outbox_files.create, Path.unlink

    def create_or_not(path: Path) -> FileIO:
        if path.suffix == outbox_files.PART_SUFFIX:
            if room[0] == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            room[0] -= 1
        return create(path)

    def unlink_and_count(path: Path, missing_ok: bool = False) -> None:
        room[0] += path.exists()
        unlink(path, missing_ok=missing_ok)

    monkeypatch.setattr(outbox_files, "create", create_or_not)
    monkeypatch.setattr(Path, "unlink", unlink_and_count)


def test_a_full_disk_loses_the_result_but_not_the_note(
    storage: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    task = stored(storage)
    fill_disk(monkeypatch)
    assert storage.keep_result(task, "{}") == "{}"
    assert files(folder) == [f".outbox/{TASK_ID}.json", f"{TASK_ID}.mp3"]
    assert "is not kept" in caplog.text


@pytest.mark.parametrize(("code", "left"), [("audio_undecodable", []), ("engine_crashed", ["my-1.wav"])])
def test_on_a_full_disk_a_foreign_recording_goes_at_once(
    storage: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch, code: str, left: list[str]
) -> None:
    """Unless the failure is worth another try."""
    folder.mkdir()
    (folder / "my-1.wav").write_bytes(b"sound")
    fill_disk(monkeypatch)
    failure = TaskFailure(code=code, message="It failed.")
    storage.keep_failed(Task(task_id="my-1", file_path="my-1.wav"), failure)
    assert files(folder) == left


def test_a_deleted_task_leaves_a_tombstone_that_says_little(storage: LocalStorage, folder: Path) -> None:
    task = stored(storage).model_copy(update={"prompt": "secret", "filename": "secret.mp3", "owner": "alice"})
    storage.keep_result(task, "{}")
    storage.discard(task)
    storage.discard(task)
    assert files(folder) == [f".outbox/{TASK_ID}.deleted"]
    assert "secret" not in (folder / ".outbox" / f"{TASK_ID}.deleted").read_text()
    assert storage.outbox.deleted([TASK_ID, "other"]) == {TASK_ID}
    [tombstone] = storage.outbox.tombstones()
    buried = storage.outbox.buried(tombstone.task_id)
    assert (buried.file_path, buried.owner) == (task.file_path, "alice")
    storage.outbox.remove_tombstone(TASK_ID)
    assert storage.outbox.deleted([TASK_ID]) == set()


def test_a_task_that_was_deleted_meanwhile_is_not_kept(storage: LocalStorage, folder: Path) -> None:
    task = stored(storage)
    storage.discard(task)
    (folder / task.file_path).write_bytes(b"fetched meanwhile")
    assert storage.keep_result(task, "{}") is None
    storage.keep_failed(task, None)
    assert files(folder) == [f".outbox/{TASK_ID}.deleted"]


def test_on_a_full_disk_the_recording_makes_room_for_its_tombstone(
    storage: LocalStorage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = stored(storage)
    fill_disk(monkeypatch)
    storage.discard(task)
    assert files(folder) == [f".outbox/{TASK_ID}.deleted"]


def test_a_deletion_that_cannot_be_noted_is_told(
    storage: LocalStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_disk(monkeypatch)
    with pytest.raises(StorageFull):
        storage.discard(Task(task_id="x", file_path="x.mp3"))


def test_a_tombstone_that_cannot_be_read_still_names_its_task(
    storage: LocalStorage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / "t.deleted").write_text("{")
    [tombstone] = storage.outbox.tombstones()
    assert (tombstone.task_id, storage.outbox.buried("t").task_id) == ("t", "t")
    assert "t.deleted" in caplog.text


def test_a_result_that_cannot_be_read_is_none(
    storage: LocalStorage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / "t.result").write_bytes(b"\xff")
    assert storage.outbox.result("t") is None
    assert "result of task t" in caplog.text


@pytest.mark.parametrize("task_id", [".", "..", "a.b", "a.json", "x.deleted", "-", "a" * 128])
def test_any_task_id_names_its_files(storage: LocalStorage, task_id: str) -> None:
    task = Task(task_id=task_id, file_path="x.mp3")
    storage.outbox.save(task)
    storage.outbox.save_result(task_id, "{}")
    only = frozenset({task_id})
    assert storage.outbox.listing() == OutboxListing(only, only, frozenset())
    storage.outbox.bury(task)
    assert storage.outbox.listing() == OutboxListing(frozenset(), frozenset(), only)
