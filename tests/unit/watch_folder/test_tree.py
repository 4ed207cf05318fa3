"""What is found in a watched folder, and when it has settled."""

import os
import socket
from pathlib import Path

import pytest

from app.watch_folder.tree import DEEPEST, Settling, Tree, Version, version_of

NOT_TEXT = os.fsdecode(b"\xd0\xe5\xf7\xfc \xff.mp3")
"""A name in an old encoding: no UTF-8."""


def put(path: Path, content: bytes = b"sound") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def found(root: Path, most: int = 1000) -> list[str]:
    return sorted(Tree(str(root), None, most).recordings())


def test_recordings_in_all_folders(tmp_path: Path) -> None:
    for name in ("a.mp3", "b.MP4", NOT_TEXT, "sub/deep/c.wav", "new\nline.ogg"):
        put(tmp_path / name)
    assert found(tmp_path) == sorted(("a.mp3", "b.MP4", NOT_TEXT, "sub/deep/c.wav", "new\nline.ogg"))


def test_what_is_no_recording(tmp_path: Path) -> None:
    for name in ("notes.txt", ".hidden.mp3", "talk.mp3.part", ".transcriber/x.mp3", "mp3"):
        put(tmp_path / name)
    put(tmp_path / "empty.mp3", b"")
    (tmp_path / "folder.mp3").mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket.mp3"))
    os.mkfifo(tmp_path / "pipe.mp3")
    assert found(tmp_path) == []


def test_links_lead_nowhere(tmp_path: Path) -> None:
    outside = put(tmp_path / "outside" / "secret.mp3")
    root = tmp_path / "root"
    put(root / "a.mp3")
    (root / "link.mp3").symlink_to(outside)
    (root / "folder").symlink_to(outside.parent)
    (root / "circle").symlink_to(root)
    assert found(root) == ["a.mp3"]
    assert version_of(str(root / "link.mp3")) is None


def test_huge_trees_are_bounded_and_say_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(20):
        put(tmp_path / f"{number:02}.mp3")
    put(tmp_path.joinpath(*["d"] * (DEEPEST + 1), "too_deep.mp3"))
    tree = Tree(str(tmp_path), None, 12)
    assert len(tree.recordings()) == len(tree.recordings()) == 12
    assert [each.message.count("WATCH_MAX_FILES") for each in caplog.records] == [1]
    assert len(found(tmp_path)) == 20


def test_a_folder_that_may_not_be_read_hides_no_other(tmp_path: Path) -> None:
    put(tmp_path / "a.mp3")
    assert found(tmp_path) == ["a.mp3"]
    with pytest.raises(OSError, match="gone"):
        found(tmp_path / "gone")


def test_a_file_has_settled_when_it_is_the_same_for_long_enough() -> None:
    settling = Settling(10)
    one, two = Version(1, 5), Version(2, 5)
    assert settling.settled({"a": one}, 0) == []
    assert settling.settled({"a": two}, 9) == []  # it still grows
    assert settling.settled({"a": two, "b": one}, 18) == []
    assert settling.settled({"a": two, "b": one}, 19) == ["a"]
    assert settling.settled({"a": Version(2, 6), "b": one}, 28) == ["b"]  # written anew, as long as before
    assert settling.settled({}, 100) == []
    assert settling.settled({"b": one}, 101) == []  # gone in between


def test_times_of_the_files_are_compared_with_no_clock() -> None:
    settling = Settling(1)
    future = Version(1, 4_000_000_000_000_000_000)
    settling.settled({"a": future}, 0)
    assert settling.settled({"a": future}, 1) == ["a"]
