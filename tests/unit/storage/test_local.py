"""UPLOAD_DIR, with real files."""

import errno
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import InvalidTask, StorageFull, StorageUnavailable
from app.schemas.task import Task
from app.storage.base import Storage
from app.storage.local import LocalStorage, _translated

TASK_ID = "0b9e3b5c-6f0a-4f1c-9d39-5c9f6d3a1c55"


@pytest.fixture
def storage(settings: Settings) -> LocalStorage:
    return LocalStorage(settings)


@pytest.fixture
def folder(settings: Settings) -> Path:
    return settings.upload_dir


def stored(storage: Storage, task_id: str = TASK_ID) -> Task:
    upload = storage.open_upload(task_id)
    upload.write(b"sound")
    task = Task(task_id=task_id, file_path=upload.commit("mp3"))
    storage.save_outbox(task)
    return task


def make_old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_upload_bears_its_final_name_only_when_complete(storage: LocalStorage, folder: Path) -> None:
    upload = storage.open_upload(TASK_ID)
    upload.write(b"one")
    upload.write(bytearray(b"two"))
    assert files(folder) == [f"{TASK_ID}.part"]
    assert upload.path.read_bytes() == b"onetwo"
    assert upload.commit("mp3") == f"{TASK_ID}.mp3"
    assert files(folder) == [f"{TASK_ID}.mp3"]
    assert (folder / f"{TASK_ID}.mp3").read_bytes() == b"onetwo"
    assert not stat.S_IMODE(upload.path.stat().st_mode) & (stat.S_IRWXO | stat.S_IWGRP)


@pytest.mark.parametrize("committed", [False, True])
def test_an_aborted_upload_leaves_nothing(storage: LocalStorage, folder: Path, committed: bool) -> None:
    upload = storage.open_upload(TASK_ID)
    upload.write(b"one")
    if committed:
        upload.commit("mp3")
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
        storage.open_upload(TASK_ID)
    assert target.read_bytes() == b"kept"


def test_a_folder_that_cannot_be_used(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    (tmp_path / "occupied").touch()
    storage = LocalStorage(settings_for(upload_dir=tmp_path / "occupied"))
    with pytest.raises(StorageUnavailable, match="try again later") as raised:
        storage.open_upload(TASK_ID)
    assert raised.value.retry_after_seconds
    with pytest.raises(StorageUnavailable):
        storage.free_bytes()
    with pytest.raises(StorageUnavailable):
        storage.save_outbox(Task(task_id=TASK_ID, file_path="a.mp3"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_is_told_as_a_full_disk(number: int) -> None:
    with pytest.raises(StorageFull), _translated("write"):
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
    assert storage.outbox_ids() == [TASK_ID]
    assert storage.read_outbox(TASK_ID) == task
    storage.finish(task)
    storage.finish(task)
    assert files(folder) == []
    assert storage.outbox_ids() == []
    assert storage.read_outbox(TASK_ID) is None


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
    assert files(folder) == ["talk.wav"]


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


def test_the_outbox_is_read_oldest_first(storage: LocalStorage, settings: Settings) -> None:
    for number, age in (("a", 10), ("b", 300), ("c", 100)):
        storage.save_outbox(Task(task_id=number, file_path="x.mp3"))
        make_old(settings.outbox_dir / f"{number}.json", age)
    assert storage.outbox_ids() == ["b", "c", "a"]
    assert storage.outbox_ids(60) == ["b", "c"]


@pytest.mark.parametrize("ahead", [2.0, 86_400.0])
def test_a_note_from_a_clock_that_is_ahead(storage: LocalStorage, settings: Settings, ahead: float) -> None:
    """This machine's clock was set back, or another API's clock is fast: the task must not wait for days."""
    storage.save_outbox(Task(task_id="a", file_path="x.mp3"))
    make_old(settings.outbox_dir / "a.json", -ahead)
    assert storage.outbox_ids() == ["a"]
    assert storage.outbox_ids(60) == (["a"] if ahead > 60 else [])


def test_a_note_that_cannot_be_read(
    storage: LocalStorage, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.outbox_dir.mkdir(parents=True)
    (settings.outbox_dir / "bad.json").write_text("{")
    assert storage.read_outbox("bad") is None
    assert "bad" in caplog.text


def test_old_uploads_are_ours_and_unclaimed(storage: LocalStorage, folder: Path) -> None:
    claimed = stored(storage, TASK_ID)
    lost = "1" + TASK_ID[1:]
    storage.open_upload(lost).commit("ogg")
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
    upload = storage.open_upload(TASK_ID)
    upload.write(b"half")
    make_old(upload.path, 2 * 86_400)
    assert storage.old_uploads(86_400) == []

    upload._file.close()  # as the kernel does when the process is killed
    [found] = storage.old_uploads(86_400)
    assert (found.task_id, found.complete) == (TASK_ID, False)
