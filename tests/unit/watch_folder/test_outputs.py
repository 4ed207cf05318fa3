"""Files beside a recording, and the records of what was written."""

import os
from pathlib import Path

import pytest

from app.watch_folder.outputs import Outputs
from app.watch_folder.records import Record, Records
from app.watch_folder.tree import Version
from tests.unit.watch_folder.test_tree import NOT_TEXT


@pytest.fixture
def records(tmp_path: Path) -> Records:
    kept = Records(tmp_path)
    kept.prepare()
    return kept


@pytest.fixture
def outputs(tmp_path: Path, records: Records) -> Outputs:
    return Outputs(tmp_path, records.folder)


def listing(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir() if each.is_file()}


def test_they_lie_beside_the_recording(outputs: Outputs, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    outputs.write("sub/talk.mp3", {"txt": b"hello", "srt": b"1"}, {})
    assert listing(tmp_path / "sub") == {"talk.txt": "hello", "talk.srt": "1"}
    assert listing(tmp_path / ".transcriber").keys() == {"README"}


@pytest.mark.parametrize("links", [True, False])
def test_nobody_elses_file_is_replaced(
    outputs: Outputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(PermissionError()))
    (tmp_path / "talk.txt").write_text("my notes")
    assert outputs.write("talk.mp3", {"txt": b"a"}, {}).keys() == {"talk.mp3.txt"}
    (tmp_path / "talk.mp3.txt").write_text("edited")
    assert outputs.write("talk.mp3", {"txt": b"b"}, {}).keys() == {"talk.mp3.2.txt"}
    assert listing(tmp_path) == {"talk.txt": "my notes", "talk.mp3.txt": "edited", "talk.mp3.2.txt": "b"}


def test_written_twice_is_there_once(outputs: Outputs, tmp_path: Path) -> None:
    """By two watchers, or by one that was killed before it noted that."""
    assert outputs.write("talk.mp3", {"txt": b"a"}, {}) == outputs.write("talk.mp3", {"txt": b"a"}, {})
    assert listing(tmp_path) == {"talk.txt": "a"}


def test_a_new_version_replaces_its_own_files(outputs: Outputs, tmp_path: Path) -> None:
    failed = outputs.write("talk.mp3", {"error.txt": b"It broke."}, {})
    first = outputs.write("talk.mp3", {"txt": b"a", "srt": b"1"}, failed)
    assert listing(tmp_path) == {"talk.txt": "a", "talk.srt": "1"}
    (tmp_path / "talk.srt").write_text("edited")
    second = outputs.write("talk.mp3", {"txt": b"b", "srt": b"2"}, first)
    assert listing(tmp_path) == {"talk.txt": "b", "talk.srt": "edited", "talk.mp3.srt": "2"}
    assert second.keys() == {"talk.txt", "talk.mp3.srt"}


def test_names_that_are_no_text(outputs: Outputs, records: Records, tmp_path: Path) -> None:
    written = outputs.write(NOT_TEXT, {"txt": b"a"}, {})
    record = Record(NOT_TEXT, 1, 2, "r").ended("done", written)
    records.save(record)
    assert records.read(NOT_TEXT) == record
    assert os.fsencode(tmp_path / next(iter(written))).endswith(b"\xff.txt")


def test_records_tell_versions_and_requests_apart(records: Records) -> None:
    record = Record("a.mp3", 5, 7, "r", "t")
    assert record.is_of(Version(5, 7), "r")
    assert not record.is_of(Version(5, 8), "r")
    assert not record.is_of(Version(5, 7), "other")
    assert record.ended("done", {}).is_of(Version(5, 7), "other"), "what is done stays"
    assert not record.ended("error", {}).is_of(Version(5, 7), "other"), "it may go better now"
    keys = {each.key for each in (record, Record("b.mp3", 5, 7, "r"), Record("a.mp3", 5, 7, "s"))}
    assert len(keys) == 3
    assert record.key == Record("a.mp3", 5, 7, "r").key


def test_a_broken_record_is_none(records: Records, tmp_path: Path) -> None:
    records.save(Record("a.mp3", 5, 7, "r"))
    [file] = records.folder.glob("*.json")
    for content in (b"", b"{", b"[]", b'{"path": 1}', b'{"unknown": 1}'):
        file.write_bytes(content)
        assert records.read("a.mp3") is None
        records.tidy()


def test_records_of_what_is_gone_are_forgotten(records: Records, tmp_path: Path) -> None:
    (tmp_path / "a.mp3").write_bytes(b"sound")
    for name in ("a.mp3", "b.mp3"):
        records.save(Record(name, 5, 7, "r"))
    assert records.tidy() == 1
    assert (records.read("a.mp3") is None, records.read("b.mp3") is None) == (False, True)
