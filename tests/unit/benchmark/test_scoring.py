"""Errors counted against examples that were counted by hand."""

from pathlib import Path

import pytest

from benchmark.recordings import Recording
from benchmark.results import Errors, Measurement, Transcription, Variant, VariantScore, pooled
from benchmark.scoring import character_errors, read_references, score_file, word_errors

from .figures import scored, transcription


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("the cat sat on the mat", "the cat sat on the mat", Errors(6, 0, 0, 0)),
        ("the cat sat on the mat", "well the cat sit on the", Errors(6, 1, 1, 1)),
        ("the cat", "", Errors(2, 0, 2, 0)),
        ("", "thanks for watching", Errors(0, 0, 0, 3)),
        ("", "", Errors(0, 0, 0, 0)),
    ],
)
def test_word_errors(reference: str, hypothesis: str, expected: Errors) -> None:
    assert word_errors(reference, hypothesis) == expected


@pytest.mark.parametrize(
    ("reference", "hypothesis", "expected"),
    [
        ("кот спит", "кит спит", Errors(8, 1, 0, 0)),
        ("abc", "", Errors(3, 0, 3, 0)),
        ("", "ab", Errors(0, 0, 0, 2)),
    ],
)
def test_character_errors(reference: str, hypothesis: str, expected: Errors) -> None:
    assert character_errors(reference, hypothesis) == expected


def test_rate_of_an_empty_reference_is_undefined() -> None:
    assert Errors(0, 0, 0, 3).rate is None
    assert Errors(4, 1, 1, 1).rate == 0.75


def test_pooled_is_all_edits_by_all_words_and_counts_hallucinations() -> None:
    figures = scored(
        {
            "one.wav": "the cat sit on mat",
            "two.wav": "ежик идет домой",
            "silence.wav": "Thank you.",
            "new.wav": "hm",
        }
    )
    assert figures.words == Errors(9, 1, 1, 2)
    assert figures.words.rate == pytest.approx(4 / 9)
    assert [file.words is None for file in figures.files] == [False, False, False, True]
    assert pooled([]) == Errors(0, 0, 0, 0)


def test_hypothesis_does_not_choose_its_rules() -> None:
    english = score_file(transcription("a", "двадцать один"), "twenty one", None)
    assert english.words == Errors(1, 1, 0, 1)  # English rules: the reference is "21"
    russian = score_file(transcription("a", "twenty one"), "двадцать один", None)
    assert russian.words == Errors(2, 2, 0, 0)


def test_speed_counts_only_recordings_of_known_length() -> None:
    unknown = Transcription("x", "", None, None, 100.0)
    measurement = Measurement(
        Variant("m", "e"), (transcription("a", "", 2.0), transcription("b", "", 3.0), unknown)
    )
    figures = VariantScore(measurement, ())
    assert figures.real_time_factor == pytest.approx(0.25)
    assert figures.times_real_time == pytest.approx(4.0)


def test_nothing_measured_has_no_speed() -> None:
    figures = VariantScore(Measurement(Variant("m", "e"), ()), ())
    assert figures.real_time_factor is None
    assert figures.times_real_time is None
    assert figures.words.rate is None


def test_references_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    good, latin = tmp_path / "good.txt", tmp_path / "latin.txt"
    good.write_bytes("\ufeffПривет".encode())
    latin.write_bytes("Привет".encode("cp1251"))
    recordings = [
        Recording(Path("good.wav"), good),
        Recording(Path("latin.wav"), latin),
        Recording(Path("gone.wav"), tmp_path / "gone.txt"),
        Recording(Path("alone-1.wav"), None),
    ]
    texts, problems = read_references(recordings)
    assert texts == {"good.wav": "Привет"}
    assert [problem.name for problem in problems] == ["latin.wav", "gone.wav", "alone-1.wav"]
    assert "alone-1.txt" in problems[2].message
