"""Worse is what is worse beyond chance, on the recordings that both runs have."""

import json
from pathlib import Path

import pytest

from benchmark.evaluation import Evaluation
from benchmark.files import write_files
from benchmark.regression import Unreadable, regressions
from benchmark.results import Measurement, Transcription, Variant, VariantScore
from benchmark.scoring import score

SAID = "the cat sat on the mat and the dog lay under the table"


def _run(texts: list[str], *, seconds: float = 1.0, model: str = "base") -> VariantScore:
    """So many recordings in which SAID is said, and what was heard."""
    done = tuple(
        Transcription(f"{number}.wav", text, "en", 10.0, seconds) for number, text in enumerate(texts)
    )
    references = {each.name: SAID for each in done}
    return score(Measurement(Variant(model, "faster-whisper"), done), references, None)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """Ten recordings, in each of which one word is wrong."""
    write_files(tmp_path, Evaluation((_run([SAID.replace("cat", "rat")] * 10),)))
    return tmp_path / "results.json"


def test_the_same_again_is_not_worse(earlier: Path) -> None:
    assert regressions([_run([SAID.replace("dog", "hog")] * 10)], earlier) == []


def test_more_errors_in_every_recording(earlier: Path) -> None:
    [sentence] = regressions([_run([SAID.replace("cat", "rat").replace("dog", "hog")] * 12)], earlier)

    assert "rose by 7.7 to 7.7 points (95 %, 10 recordings)" in sentence


def test_an_error_more_in_one_recording_may_be_chance(earlier: Path) -> None:
    texts = [SAID.replace("cat", "rat")] * 9 + [SAID.replace("cat", "rat").replace("dog", "hog")]

    assert regressions([_run(texts)], earlier) == []


def test_slower_is_told_unless_it_does_not_matter(earlier: Path) -> None:
    slow = _run([SAID] * 10, seconds=2.0)

    [sentence] = regressions([slow], earlier)
    assert "2.00 to 2.00 times as long" in sentence
    assert regressions([slow], earlier, speed=False) == []
    assert regressions([_run([SAID] * 10, seconds=1.05)], earlier) == []


@pytest.mark.parametrize("content", [None, "{", "[]", '{"files": [{}]}'])
def test_results_that_cannot_be_compared_with(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "results.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(Unreadable, match="results"):
        regressions([_run([SAID])], path)


def test_another_model_has_nothing_in_common(earlier: Path) -> None:
    with pytest.raises(Unreadable, match="no recording in common"):
        regressions([_run([SAID], model="small")], earlier)


def test_the_file_is_what_benchmark_run_writes(earlier: Path) -> None:
    summary = json.loads(earlier.read_text("utf-8"))["summary"][0]

    assert summary["wer_low"] == summary["wer_high"] == pytest.approx(1 / 13)


def test_a_rise_that_was_allowed_is_not_worse(earlier: Path) -> None:
    worse = _run([SAID.replace("cat", "rat").replace("dog", "hog")] * 12)

    assert regressions([worse], earlier, worse_by=7) != []
    assert regressions([worse], earlier, worse_by=8) == []


def test_results_of_an_older_version_know_model_and_engine_only(earlier: Path) -> None:
    content = json.loads(earlier.read_text("utf-8"))
    for record in content["files"]:
        del record["variant"]
    earlier.write_text(json.dumps(content))

    assert regressions([_run([SAID] * 10)], earlier) == []
