"""Who takes part, and what the report says of them."""

from pathlib import Path

import pytest

from benchmark import compare
from benchmark.compare import NAMES
from benchmark.compare_page import write_compare_page
from benchmark.comparison import judged
from benchmark.engine import rivals
from benchmark.engine.contestants import CONTESTANTS
from benchmark.engine.corpus import Clip, CorpusMissing, errors_by_clip, errors_by_language
from benchmark.engine.duel import Entry, Standing
from benchmark.results import Problem

SAID = "the cat sat on the mat and the dog lay under the table"


def test_who_lacks_a_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "PACKAGES", {"whisper.cpp": "no-such-package"})
    entries, problems = compare._entries(list(NAMES), ["mine=http://gpu:1/v1,big"], 5, 2)

    assert [entry.name for entry in entries] == [*(name for name in NAMES if name != "whisper.cpp"), "mine"]
    assert entries[-1].options == {"url": "http://gpu:1/v1", "model": "big", "concurrency": 2}
    assert problems == [Problem("whisper.cpp", "Left out: run pip install no-such-package to have it.")]


def test_every_name_has_its_contestant() -> None:
    assert set(NAMES.values()) <= CONTESTANTS.keys()
    assert rivals.PACKAGES.keys() <= set(NAMES.values())


@pytest.mark.parametrize(
    ("names", "servers", "sentence"),
    [(["quick"], [], "no contestant 'quick'"), ([], ["gpu:1/v1"], "not of the form NAME=http")],
)
def test_wrong_names_get_one_sentence(names: list[str], servers: list[str], sentence: str) -> None:
    with pytest.raises(CorpusMissing, match=sentence):
        compare._entries(names, servers, 5, 1)


def _standing(name: str, speed: float, clips: list[Clip], text: str) -> Standing:
    texts = {str(clip.path): text for clip in clips}
    errors = errors_by_clip(clips, texts)
    by_language = errors_by_language(clips, errors)
    spread = (speed, speed)
    return Standing(Entry(name, name), speed, spread, None, by_language, None, None, 1.0, None, texts)


def test_the_report_says_who_is_faster_and_who_is_more_accurate(tmp_path: Path) -> None:
    clips = []
    for number in range(12):
        path = tmp_path / f"{number}.wav"
        path.write_bytes(b"RIFF")
        clips.append(Clip(path, "en" if number % 2 else "de", 10.0, SAID))
    standings = [
        _standing("engine", 20.0, clips, SAID),
        _standing("worse", 5.0, clips, SAID.replace("cat", "rat")),
        _standing("same", 40.0, clips, SAID),
        _standing("near", 19.0, clips, SAID),
    ]
    contest = judged("base", clips, standings, [Problem("whisper.cpp", "Left out.")])
    html = write_compare_page(tmp_path / "compare.html", contest, (), 1).read_text("utf-8")

    assert "engine is 4.0 times as fast as worse; more accurate (-7.7 points (-7.7 to -7.7), p = 0.00" in html
    assert "engine is slower (0.50 times as fast) than same; these recordings show no difference" in html
    assert "engine is about as fast (1.05 times) as near" in html
    assert "Word error rate by language" in html
    assert "worse: 1 of 13 words wrong" in html
    assert "<del>cat</del> <ins>rat</ins>" in html
    assert "Left out." in html
