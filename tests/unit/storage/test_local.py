"""UPLOAD_DIR, with real files."""

import errno
import os
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import InvalidTask, StorageFull, StorageUnavailable
from app.schemas.task import Task, TaskFailure
from app.storage import files as outbox_files
from app.storage.base import OutboxListing, Storage
from app.storage.files import translated
from app.storage.local import LocalStorage
from tests.faults.clocks import shifted

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    return LocalStorage(settings)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.upload_dir


def stored(storage: Storage, task_id: str = TASK_ID) -> Task:
    upload = storage.open_upload(task_id, "mp3")
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit())
    storage.outbox.save(task)
    return task


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


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_upload_bears_its_final_name_only_when_complete(storage: LocalStorage, folder: Path) -> None:
    upload = storage.open_upload(TASK_ID, "mp3")
    upload.write(b"one")
    upload.write(bytearray(b"two"))
    assert files(folder) == [f"{TASK_ID}.part"]
    assert upload.recording().read_bytes() == b"onetwo"
    assert upload.commit() == f"{TASK_ID}.mp3"
    assert files(folder) == [f"{TASK_ID}.mp3"]
    assert (folder / f"{TASK_ID}.mp3").read_bytes() == b"onetwo"
    assert not stat.S_IMODE(upload.recording().stat().st_mode) & (stat.S_IRWXO | stat.S_IWGRP)


@pytest.mark.parametrize("committed", [False, True])
def test_an_aborted_upload_leaves_nothing(storage: LocalStorage, folder: Path, committed: bool) -> None:
    upload = storage.open_upload(TASK_ID, "mp3")
    upload.write(b"one")
    if committed:
        upload.commit()
    upload.abort()
    upload.abort()
    assert files(folder) == []


def test_an_upload_never_overwrites_or_follows_a_link(
    storage: LocalStorage, folder: Path, tmp_path: Path
) -> None:
    target = tmp_path / "precious"
    target.write_bytes(b"kept")
    folder.mkdir()
    (folder / f"{TASK_ID}.part").symlink_to(target)
    with pytest.raises(StorageUnavailable):
        storage.open_upload(TASK_ID, "mp3")
    assert target.read_bytes() == b"kept"


def test_a_folder_that_cannot_be_used(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    storage = LocalStorage(settings_for(upload_dir=tmp_path / "occupied"))
    with pytest.raises(StorageUnavailable, match="try again later") as raised:
        storage.open_upload(TASK_ID, "mp3")
    assert raised.value.retry_after_seconds
    with pytest.raises(StorageUnavailable):
        storage.free_bytes()
    with pytest.raises(StorageUnavailable):
        storage.outbox.save(Task(task_id=TASK_ID, file_path="a.mp3"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_told_as_a_full_disk(number: int) -> None:
    with pytest.raises(StorageFull), translated("write"):
        raise OSError(number, os.strerror(number))


def test_free_space(storage: LocalStorage) -> None:
    assert storage.free_bytes() > 0


@pytest.mark.parametrize("path", ["a.mp3", "./b/../a.mp3", "{folder}/a.mp3", "deep/er/a.mp3"])
def test_paths_inside(storage: LocalStorage, folder: Path, path: str) -> None:
    found = storage.path_of(Task(task_id="x", file_path=path.format(folder=folder)))
    assert found.is_relative_to(folder.resolve())
    assert found.name == "a.mp3"


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "../secret",
        "a/../../secret",
        ".",
        "{folder}",
        "{folder}2/a.mp3",
        ".outbox/x.json",
        "link/secret",
        "a\0b",
    ],
)
def test_paths_outside(storage: LocalStorage, folder: Path, tmp_path: Path, path: str) -> None:
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path)
    (tmp_path / "secret").write_bytes(b"kept")
    task = Task(task_id="x", file_path=path.format(folder=folder))
    with pytest.raises(InvalidTask):
        storage.path_of(task)
    storage.finish(task)
    assert (tmp_path / "secret").read_bytes() == b"kept"


def test_a_loop_of_links_ends_quietly(storage: LocalStorage, folder: Path) -> None:
    folder.mkdir()
    (folder / "loop.mp3").symlink_to(folder / "loop.mp3")
    storage.finish(Task(task_id="x", file_path="loop.mp3"))


def test_a_link_inside_is_followed_only_inside(storage: LocalStorage, folder: Path) -> None:
    folder.mkdir()
    (folder / "real.mp3").write_bytes(b"x")
    (folder / "link.mp3").symlink_to(folder / "real.mp3")
    assert storage.path_of(Task(task_id="x", file_path="link.mp3")).name == "real.mp3"


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


def test_what_is_fetched_lies_under_the_name_of_its_task(storage: LocalStorage, folder: Path) -> None:
    """Two tasks with addresses must not get each other's recording, nor one that lies here."""
    pushed = Task(task_id="pushed", file_path="talk.wav", url="https://example.org/other.wav")
    assert storage.path_of(pushed) == folder.resolve() / "pushed.wav"
    for file_path in ("talk", "talk.part", "talk.json", "a/b.c d"):
        nameless = pushed.model_copy(update={"file_path": file_path})
        assert storage.path_of(nameless) == folder.resolve() / "pushed.download"


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


def test_old_uploads_are_ours_and_unclaimed(storage: LocalStorage, folder: Path) -> None:
    claimed = stored(storage, TASK_ID)
    lost = "1" + TASK_ID[1:]
    storage.open_upload(lost, "ogg").commit()
    broken = "2" + TASK_ID[1:]
    (folder / f"{broken}.part").write_bytes(b"half")
    (folder / "foreign.mp3").touch()
    assert storage.old_uploads(60) == []
    for path in folder.glob("*.*"):
        if path.is_file():
            make_old(path, 100)
    found = {upload.task_id: upload for upload in storage.old_uploads(60)}
    assert {task_id: upload.complete for task_id, upload in found.items()} == {lost: True, broken: False}
    for upload in found.values():
        storage.remove_upload(upload)
        storage.remove_upload(upload)
    assert files(folder) == [f".outbox/{TASK_ID}.json", claimed.file_path, "foreign.mp3"]


def test_an_upload_that_is_under_way_is_not_old_whatever_the_clock_says(
    storage: LocalStorage, folder: Path
) -> None:
    upload = storage.open_upload(TASK_ID, "mp3")
    upload.write(b"half")
    make_old(upload.recording(), 2 * 86_400)
    assert storage.old_uploads(86_400) == []

    upload._file.close()  # as the kernel does when the process is killed
    [found] = storage.old_uploads(86_400)
    assert (found.task_id, found.complete) == (TASK_ID, False)


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


OLD_UPLOADS = """
import sys
from pathlib import Path
from app.core.config import Settings
from app.storage.local import LocalStorage
storage = LocalStorage(Settings(upload_dir=Path(sys.argv[1])))
print(len(storage.old_uploads(1700)), len(storage.old_uploads(1900)))
"""


@pytest.mark.parametrize("shift", [-3600, 3600])
def test_ages_are_told_by_the_clock_of_the_store(storage: LocalStorage, folder: Path, shift: int) -> None:
    """The host's clock may be an hour off: the uploads are as old as they are."""
    storage.open_upload(TASK_ID, "ogg").commit()
    make_old(folder / f"{TASK_ID}.ogg", 1800)
    command = [sys.executable, "-c", OLD_UPLOADS, str(folder)]
    told = subprocess.check_output(command, env=os.environ | shifted(shift), text=True)
    assert told.split() == ["1", "0"]
    assert files(folder) == [f"{TASK_ID}.ogg"], "the look at the clock leaves nothing"


@pytest.mark.parametrize("task_id", [".", "..", "a.b", "a.json", "x.deleted", "-", "a" * 128])
def test_any_task_id_names_its_files(storage: LocalStorage, task_id: str) -> None:
    task = Task(task_id=task_id, file_path="x.mp3")
    storage.outbox.save(task)
    storage.outbox.save_result(task_id, "{}")
    only = frozenset({task_id})
    assert storage.outbox.listing() == OutboxListing(only, only, frozenset())
    storage.outbox.bury(task)
    assert storage.outbox.listing() == OutboxListing(frozenset(), frozenset(), only)
