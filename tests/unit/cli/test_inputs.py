"""Which recordings are meant."""

from pathlib import Path

import pytest

from app.cli.inputs import CountingFile, InputError, find


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with recordings and other files."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp3", "b.WAV", "notes.txt", "talk [1].mp3", "sub/c.ogg", "sub/deep/d.mp3"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(*arguments: str, recursive: bool = False, name: str | None = None) -> list[str]:
    return [recording.name for recording in find(arguments, recursive=recursive, name=name)]


def test_files_in_the_order_they_are_named(folder: Path) -> None:
    assert names("b.WAV", "a.mp3", "notes.txt") == ["b.WAV", "a.mp3", "notes.txt"]


def test_each_file_once(folder: Path) -> None:
    assert names("a.mp3", "./a.mp3", str(folder / "a.mp3"), "*.mp3") == ["a.mp3", "talk [1].mp3"]


def test_globs_that_no_shell_has_resolved(folder: Path) -> None:
    assert names("*.mp3", "sub/*") == ["a.mp3", "talk [1].mp3", "sub/c.ogg"]
    assert names("**/*.mp3") == ["a.mp3", "sub/deep/d.mp3", "talk [1].mp3"]
    assert names(f"{folder}/sub/*.ogg") == [f"{folder}/sub/c.ogg"]


def test_a_name_that_looks_like_a_pattern(folder: Path) -> None:
    assert names("talk [1].mp3") == ["talk [1].mp3"]


def test_folders_keep_their_shape(folder: Path) -> None:
    found = find(["sub"], recursive=True, name=None)
    assert [recording.name for recording in found] == ["sub/c.ogg", "sub/deep/d.mp3"]
    assert [recording.place for recording in found] == [Path("c.ogg"), Path("deep/d.mp3")]
    assert names(".", recursive=True) == ["a.mp3", "b.WAV", "sub/c.ogg", "sub/deep/d.mp3", "talk [1].mp3"]


def test_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    assert names("~/sub/*.ogg") == [f"{folder}/sub/c.ogg"]


def test_standard_input_needs_a_name(folder: Path) -> None:
    assert names("-", name="talk.mp3") == ["talk.mp3"]
    with pytest.raises(InputError, match="--name"):
        names("-")


@pytest.mark.parametrize(
    ("argument", "sentence"), [("none.mp3", "no file"), ("*.flac", "no file"), ("sub", "--recursive")]
)
def test_what_is_not_there_is_said(folder: Path, argument: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        names(argument)


def test_reading_is_told(folder: Path) -> None:
    told: list[int] = []
    with CountingFile(folder / "a.mp3", told.append) as file:
        assert file.read(10) == b"x"
        assert file.read(10) == b""
    assert told == [1, 1]
