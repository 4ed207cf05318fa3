"""What a batch remembers."""

import os
from pathlib import Path

import pytest

from app.cli.memory import FILE_NAME, Memory
from app.client import SubmitOptions


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.mp3"
    path.parent.mkdir()
    path.write_bytes(b"x")
    return path


def remember(folder: Path, recording: Path, options: SubmitOptions) -> None:
    memory = Memory(folder)
    note = memory.note_of(recording, options)
    memory.save(note.model_copy(update={"key": "k", "task_id": "t"}))


def test_the_last_note_counts(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {"model": "base"})
    memory = Memory(tmp_path)
    note = memory.note_of(recording, {"model": "base", "language": None})
    assert (note.key, note.task_id, note.done) == ("k", "t", False)
    memory.save(note.model_copy(update={"done": True}))

    assert memory.note_of(recording, {"model": "base"}).done
    assert Memory(tmp_path).note_of(recording, {"model": "base"}).done


def test_other_options_are_another_request(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {"model": "base"})
    assert Memory(tmp_path).note_of(recording, {"model": "small"}).task_id is None


def test_a_changed_file_is_another_one(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {})
    stat = recording.stat()
    os.utime(recording, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert Memory(tmp_path).note_of(recording, {}).task_id is None


def test_the_way_to_a_file_does_not_matter(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(tmp_path, recording, {})
    monkeypatch.chdir(recording.parent)
    assert Memory(tmp_path).note_of(Path("a.mp3"), {}).task_id == "t"


def test_a_line_that_was_cut_short(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {})
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes() + b'{"path": "/a')
    remember(tmp_path, recording, {"model": "base"})

    memory = Memory(tmp_path)
    assert memory.note_of(recording, {}).task_id == "t"
    assert memory.note_of(recording, {"model": "base"}).task_id == "t"


def test_without_a_folder_nothing_is_written(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recording.parent)
    memory = Memory(None)
    memory.save(memory.note_of(None, {}))
    assert [path.name for path in recording.parent.iterdir()] == ["a.mp3"]
