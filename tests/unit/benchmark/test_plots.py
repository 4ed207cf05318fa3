"""Pictures are drawn, also of odd figures."""

from pathlib import Path

import pytest
from matplotlib.image import imread

from benchmark.plots import MOST_FILES, file_error_rates, write_plots
from benchmark.results import VariantScore

from .figures import REFERENCES, scored

NAMES = ["wer.png", "speed.png", "accuracy-speed.png", "wer-by-file.png"]


@pytest.mark.parametrize(
    "scores",
    [
        [scored({"one.wav": "the cat sat on the mat"})],
        [
            scored({"one.wav": "a cat", "silence.wav": "x"}),
            scored({"two.wav": "ёжик"}, model="small"),
            scored({}),
        ],
        [scored({"one.wav": "x"}, model=f"model-with-a-long-name-{number}") for number in range(9)],
    ],
)
def test_all_plots_are_pictures(scores: list[VariantScore], tmp_path: Path) -> None:
    written = write_plots(tmp_path / "plots", scores)
    assert [path.name for path in written] == NAMES
    for path in written:
        pixels = imread(path)
        assert pixels.std() > 0.01, f"{path.name} is blank"


def test_without_references_only_speed_is_drawn(tmp_path: Path) -> None:
    assert [path.name for path in write_plots(tmp_path, [scored({"new.wav": "text"})])] == ["speed.png"]
    assert write_plots(tmp_path, [scored({})]) == []


def test_only_the_worst_of_many_recordings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MOST_FILES + 5):
        monkeypatch.setitem(REFERENCES, f"{number:03}.wav", "one two")
    texts = {f"{number:03}.wav": "one" if number % 2 else "one two" for number in range(MOST_FILES + 5)}
    (axes,) = file_error_rates([scored(texts)]).axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == MOST_FILES
    assert labels[:2] == ["001.wav", "003.wav"]
    assert f"{MOST_FILES} of {MOST_FILES + 5}" in axes.get_title()
