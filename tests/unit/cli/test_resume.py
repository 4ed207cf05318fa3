"""What the file holds that an interrupted `send` goes on from."""

import os
from pathlib import Path

import pytest

from app.cli.resume import FILE_NAME, ResumeFile
from app.client import SubmitOptions


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.mp3"
    path.parent.mkdir()
    path.write_bytes(b"x")
    return path


def remember(folder: Path, recording: Path, options: SubmitOptions) -> None:
    resume_file = ResumeFile(folder)
    note = resume_file.find(recording, options)
    resume_file.save(note.model_copy(update={"key": "k", "task_id": "t"}))


def test_the_last_note_counts(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {"model": "base"})
    resume_file = ResumeFile(tmp_path)
    note = resume_file.find(recording, {"model": "base", "language": None})
    assert (note.key, note.task_id, note.done) == ("k", "t", False)
    resume_file.save(note.model_copy(update={"done": True}))

    assert resume_file.find(recording, {"model": "base"}).done
    assert ResumeFile(tmp_path).find(recording, {"model": "base"}).done


def test_other_options_are_another_request(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {"model": "base"})
    assert ResumeFile(tmp_path).find(recording, {"model": "small"}).task_id is None


def test_a_changed_file_is_another_one(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {})
    stat = recording.stat()
    os.utime(recording, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert ResumeFile(tmp_path).find(recording, {}).task_id is None


def test_the_way_to_a_file_does_not_matter(
    tmp_path: Path, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(tmp_path, recording, {})
    monkeypatch.chdir(recording.parent)
    assert ResumeFile(tmp_path).find(Path("a.mp3"), {}).task_id == "t"


def test_a_line_that_was_cut_short(tmp_path: Path, recording: Path) -> None:
    remember(tmp_path, recording, {})
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes() + b'{"path": "/a')
    remember(tmp_path, recording, {"model": "base"})

    resume_file = ResumeFile(tmp_path)
    assert resume_file.find(recording, {}).task_id == "t"
    assert resume_file.find(recording, {"model": "base"}).task_id == "t"


def test_without_a_folder_nothing_is_written(recording: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recording.parent)
    resume_file = ResumeFile(None)
    resume_file.save(resume_file.find(None, {}))
    assert [path.name for path in recording.parent.iterdir()] == ["a.mp3"]
