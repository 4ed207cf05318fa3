"""Channels whose places are listed one by one, which PyAV frees twice: such a file ended the process."""

import gc
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from app.audio.decode import SoundStream, read_samples
from app.audio.layouts import is_list
from app.audio.listening import Listening
from app.audio.probe import probe
from tests.support.recordings import Planes, ambisonic, channels, likeness, reordered, sentence

Write = Callable[[Path, Planes], Path]


@pytest.mark.parametrize(
    ("name", "write", "count"),
    [
        ("apple.caf", reordered, 6),
        ("apple.caf", reordered, 7),
        ("apple.caf", reordered, 8),
        ("sphere.mka", ambisonic, 6),
        ("sphere.mka", ambisonic, 11),
    ],
)
def test_channels_in_unusual_places_are_heard(tmp_path: Path, name: str, write: Write, count: int) -> None:
    path = write(tmp_path / name, channels(count, count - 1))

    for _ in range(3):
        assert probe(path).channels == count
        samples, report = read_samples(path)
        gc.collect()

    assert likeness(samples, sentence()) > 0.9
    assert [f"{count} channels of no known layout" in warning for warning in report.warnings] == [True]


def test_they_can_be_kept_apart(tmp_path: Path) -> None:
    path = reordered(tmp_path / "studio.caf", channels(6, 2))

    blocks = list(SoundStream(path, Listening(split=True)))

    assert {len(block) for block in blocks} == {6}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mono", False),
        ("5.1(side)", False),
        ("7.1(wide)", False),
        ("7 channels", False),
        ("ambisonic 1", False),
        ("ambisonic 1+stereo", True),
        ("FL+AMBI0+FC", True),
    ],
)
def test_such_layouts_are_told_by_their_descriptions(name: str, expected: bool) -> None:
    assert is_list(av.AudioLayout(name)) == expected
