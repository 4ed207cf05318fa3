"""Which reference belongs to which recording."""

from pathlib import Path

import pytest

from benchmark.recordings import find_recordings, reference_for

EXTENSIONS = frozenset({"m4a", "wav"})


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("sample1", "sample1"),
        ("sample1-loud", "sample1"),
        ("sample1-loud-8k", "sample1"),
        ("a-b", "a-b"),
        ("a-b-c", "a-b"),
        ("a-c", "a"),
        ("sample10", None),
        ("other-sample1", None),
        ("-a", None),
        ("a-", "a"),
    ],
)
def test_longest_stem_wins(stem: str, expected: str | None) -> None:
    texts = {name: Path(f"{name}.txt") for name in ("sample1", "a", "a-b")}
    assert reference_for(stem, texts) == (texts[expected] if expected else None)


def test_recordings_are_found_by_extension_and_in_order(tmp_path: Path) -> None:
    audios, references = tmp_path / "audios", tmp_path / "references"
    audios.mkdir()
    references.mkdir()
    for name in ("sample1-loud.m4a", "sample1.M4A", "notes.pdf", ".gitkeep", "alone.wav"):
        (audios / name).touch()
    (audios / "folder.wav").mkdir()
    (references / "sample1.TXT").touch()
    found = find_recordings(audios, references, EXTENSIONS)
    assert [recording.name for recording in found] == ["alone.wav", "sample1-loud.m4a", "sample1.M4A"]
    assert [recording.reference for recording in found] == [None, *[references / "sample1.TXT"] * 2]


def test_missing_folders_are_empty_ones(tmp_path: Path) -> None:
    assert find_recordings(tmp_path / "none", tmp_path / "none", EXTENSIONS) == []
    (tmp_path / "a.wav").touch()
    (found,) = find_recordings(tmp_path, tmp_path / "none", EXTENSIONS)
    assert found.reference is None
