"""Where transcripts go."""

from pathlib import Path

import pytest

from app.cli.inputs import InputError, Recording
from app.cli.outputs import planned_jobs, write_whole
from app.client import TranscriptFormat as Form


def recording(path: str, place: str | None = None) -> Recording:
    return Recording(path, Path(path), Path(place or Path(path).name))


def test_one_file_goes_to_stdout() -> None:
    [job] = planned_jobs([recording("a.mp3")], [Form.SRT], None)
    assert (job.folder, job.targets) == (None, {})
    with pytest.raises(InputError, match="--output-dir"):
        planned_jobs([recording("a.mp3")], [Form.SRT, Form.VTT], None)


def test_the_same_format_twice_is_one() -> None:
    assert len(planned_jobs([recording("a.mp3")], [Form.SRT, Form.SRT], None)) == 1


def test_several_files_are_written_beside_each() -> None:
    jobs = planned_jobs([recording("x/a.v2.mp3"), recording("y/b.mp3")], [Form.TEXT, Form.JSON], None)
    assert [list(job.targets.values()) for job in jobs] == [
        [Path("x/a.v2.txt"), Path("x/a.v2.json")],
        [Path("y/b.txt"), Path("y/b.json")],
    ]
    assert [job.folder for job in jobs] == [Path("x"), Path("y")]


def test_an_output_folder_keeps_the_shape_of_folders() -> None:
    [job] = planned_jobs([recording("in/deep/a.mp3", "deep/a.mp3")], [Form.VTT], Path("out"))
    assert job.targets == {Form.VTT: Path("out/deep/a.vtt")}
    assert job.folder == Path("out")


def test_names_that_differ_in_their_ending_only() -> None:
    jobs = planned_jobs(
        [recording("a.mp3"), recording("a.wav"), recording("b.wav")], [Form.TEXT], Path("out")
    )
    assert [path.name for job in jobs for path in job.targets.values()] == ["a.mp3.txt", "a.wav.txt", "b.txt"]


def test_names_that_do_not_differ() -> None:
    with pytest.raises(InputError, match="would both be written to"):
        planned_jobs([recording("x/a.mp3"), recording("y/a.mp3")], [Form.TEXT], Path("out"))


def test_files_are_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    write_whole(path, "Привет")
    write_whole(path, b"PK\x03\x04")
    assert path.read_bytes() == b"PK\x03\x04"
    write_whole(path, "line\r\nline\n")
    assert path.read_bytes() == b"line\r\nline\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.mkdir()
    with pytest.raises(OSError, match=r"a\.txt"):
        write_whole(path, "text")
    assert list(tmp_path.iterdir()) == [path]
