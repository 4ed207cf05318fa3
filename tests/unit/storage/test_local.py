"""Uploads in UPLOAD_DIR, with real files."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from app.core.errors import InvalidTask, StorageFull, StorageUnavailable
from app.schemas.task import Task
from app.storage.files import translated
from app.storage.local import LocalStorage
from tests.faults.clocks import shifted
from tests.unit.storage.uploads import TASK_ID, files, make_old, stored


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


def test_what_is_fetched_lies_under_the_name_of_its_task(storage: LocalStorage, folder: Path) -> None:
    """Two tasks with addresses must not get each other's recording, nor one that lies here."""
    pushed = Task(task_id="pushed", file_path="talk.wav", url="https://example.org/other.wav")
    assert storage.path_of(pushed) == folder.resolve() / "pushed.wav"
    for file_path in ("talk", "talk.part", "talk.json", "a/b.c d"):
        nameless = pushed.model_copy(update={"file_path": file_path})
        assert storage.path_of(nameless) == folder.resolve() / "pushed.download"


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
