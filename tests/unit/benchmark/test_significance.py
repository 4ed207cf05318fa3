"""A difference counts only where chance would hardly make it."""

import pytest

from benchmark.alignment import align
from benchmark.evaluation import Evaluation, most_accurate
from benchmark.files import word_interval
from benchmark.results import Measurement, Transcription, Variant, VariantScore
from benchmark.scoring import score
from benchmark.significance import (
    compare_all,
    error_places,
    segment_differences,
    sign_flip_probability,
)

SAID = "the cat sat on the mat and the dog lay under the table"
CAT, DOG = SAID.replace("cat", "rat"), SAID.replace("dog", "hog")


def _heard(model: str, texts: list[str]) -> VariantScore:
    done = tuple(Transcription(f"{number}.wav", text, "en", 10.0, 1.0) for number, text in enumerate(texts))
    return score(Measurement(Variant(model, "e"), done), {each.name: SAID for each in done}, None)


def test_errors_have_places_between_and_at_the_words() -> None:
    places = error_places(align("the cat sat", "oh the rat sat down"))
    assert places == [1, 0, 0, 1, 0, 0, 1]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (SAID, SAID, []),
        (CAT, SAID, [1]),
        (SAID, CAT, [-1]),
        (CAT, CAT, [0]),
        (CAT.replace("table", "cable"), SAID, [1, 1]),
        (SAID.replace("cat sat", "rat fat"), SAID.replace("the mat", "the bat"), [2, -1]),
        (CAT.replace("on the", "in the"), SAID, [2]),  # one good word between: one segment
    ],
)
def test_segments_end_at_two_words_that_both_have_right(first: str, second: str, expected: list[int]) -> None:
    one, other = (error_places(align(SAID, text)) for text in (first, second))
    assert segment_differences(one, other) == expected


def test_three_words_lead_nobody_and_ten_do() -> None:
    """All of the same sign by chance: 2 / 2³ and 2 / 2¹⁰."""
    assert sign_flip_probability([]) == sign_flip_probability([0, 0]) == 1.0
    assert sign_flip_probability([1, 1, 1]) == pytest.approx(0.25, abs=0.02)
    assert sign_flip_probability([1] * 10) == pytest.approx(0.002, abs=0.002)
    assert sign_flip_probability([3, -3, 1, -1]) == 1.0


def test_the_better_of_two_is_named() -> None:
    (pair,) = compare_all([_heard("good", [SAID] * 12), _heard("bad", [CAT] * 12)], None)

    assert pair.better == "good · e"
    assert pair.difference == pytest.approx(-1 / 13)
    assert (pair.files, pair.segments) == (12, 12)
    assert pair.interval is not None
    assert pair.interval.high < 0


def test_ten_variants_of_a_sentence_are_no_more_evidence_than_the_sentence() -> None:
    """The same word is heard wrongly in each: one error, not ten."""
    names = ["a.wav", *(f"a-noise{number}.wav" for number in range(11))]

    def heard(model: str, text: str) -> VariantScore:
        done = tuple(Transcription(name, text, "en", 10.0, 1.0) for name in names)
        references = dict.fromkeys(names, SAID)
        return score(Measurement(Variant(model, "e"), done), references, None, dict.fromkeys(names, "a"))

    bad = heard("bad", CAT)
    (pair,) = compare_all([heard("good", SAID), bad], None)

    assert (pair.files, pair.segments, pair.p) == (12, 1, 1.0)
    assert pair.better is None
    assert pair.difference == pytest.approx(-1 / 13)
    assert (pair.interval, word_interval(bad)) == (None, None)


def test_with_many_pairs_more_is_asked_of_each() -> None:
    """Six of six segments: p = 1/32 for one pair, not for three."""
    good, bad = _heard("good", [SAID] * 6), _heard("bad", [CAT] * 6)
    (alone,) = compare_all([good, bad], None)
    among, *_ = compare_all([good, bad, _heard("too", [DOG] * 6)], None)

    assert alone.better == "good · e"
    assert among.better is None
    assert among.p == pytest.approx(3 * alone.p)


def test_variants_without_a_recording_in_common_are_not_compared() -> None:
    assert compare_all([_heard("a", [SAID]), _heard("b", [])], None) == []


def test_the_most_accurate_and_what_cannot_be_told_from_it() -> None:
    scores = [_heard("bad", [CAT] * 12), _heard("good", [SAID] * 12), _heard("near", [SAID] * 11 + [CAT])]
    evaluation = Evaluation(tuple(scores), comparisons=tuple(compare_all(scores, None)))

    assert [each.variant.model for each in most_accurate(evaluation)] == ["good", "near"]
    assert most_accurate(Evaluation(())) == []
