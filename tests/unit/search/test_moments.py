"""The moments of a transcript in which it is said."""

from typing import Any

import pytest

from app.schemas.library import Moment
from app.search.entry import MOST_BYTES, tokens_of_transcript
from app.search.moments import LONGEST_TEXT, MOST_MOMENTS, moments_of
from app.search.words import label_token, wanted_tokens


def result(*texts: Any) -> dict[str, Any]:
    return {
        "segments": [{"start": 2.0 * n, "end": 2.0 * n + 2, "text": text} for n, text in enumerate(texts)]
    }


def marked(moment: Moment) -> str:
    return "".join(f"[{each.text}]" if each.found else each.text for each in moment.pieces)


def moments(told: dict[str, Any], question: str) -> list[tuple[float | None, str]]:
    return [(each.start, marked(each)) for each in moments_of(told, wanted_tokens(question))]


def test_words_are_marked_where_they_are_said() -> None:
    told = result(" О погоде.", " Погода, погоды: <b>хорошая</b>.", "天気がいい")
    assert moments(told, "погода") == [(0.0, " О [погоде]."), (2.0, " [Погода], [погоды]: <b>хорошая</b>.")]
    assert moments(told, "天気") == [(4.0, "[天気]がいい")]
    assert moments(told, "нет") == []


def test_the_first_are_shown_unless_later_ones_have_more() -> None:
    told = result(*["one"] * 5, *["nothing"] * 100, "two and one", "one")
    last = 2.0 * (5 + 100)
    assert moments(told, "one") == [(0.0, "[one]"), (2.0, "[one]"), (4.0, "[one]")]
    assert moments(told, "one two") == [(0.0, "[one]"), (2.0, "[one]"), (last, "[two] and [one]")]
    assert len(moments_of(result(*["one two"] * 9), {"one", "two"})) == MOST_MOMENTS


def test_a_long_segment_is_cut_around_the_word() -> None:
    text = "x " * 500 + "word " + "y " * 500
    [moment] = moments_of(result(text), {"word"})
    shown = "".join(each.text for each in moment.pieces)
    assert len(shown) <= LONGEST_TEXT + 2
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert "[word]" in marked(moment)
    assert moments(result("word " + "y " * 500), "word")[0][1].startswith("[word] y")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"text": "one word"}, [(None, "one [word]")]),
        ({"text": "one word", "segments": []}, [(None, "one [word]")]),
        ({"segments": [None, 5, {"text": None}, {"text": "word", "start": "x"}]}, [(None, "[word]")]),
        ({"segments": [{"text": "word", "start": float("nan"), "speaker": 3}]}, [(None, "[word]")]),
        ({"segments": "odd", "text": 5}, []),
        ({}, []),
    ],
)
def test_foreign_results_are_read_as_far_as_they_go(
    told: dict[str, Any], expected: list[tuple[float | None, str]]
) -> None:
    assert moments(told, "word") == expected


def test_a_transcript_is_found_by_all_that_belongs_to_it() -> None:
    told = result("hello") | {"speakers": [{"id": "S1", "name": "Anna Ivanova"}, 5, {"id": 3}]}
    found = tokens_of_transcript(told, "Monday talks", ("Big Deal",))
    assert {"hello", "monday", "talk", "big", "deal"} <= found
    assert {label_token("#", "big deal"), label_token("@", "S1"), label_token("@", "anna ivanova")} <= found
    assert "anna" not in found, "who speaks is not what is said"


def test_a_transcript_beyond_all_measure_is_cut() -> None:
    text = " ".join(f"w{number:030}" for number in range(40_000))
    found = tokens_of_transcript({"text": text}, "title", ())
    assert sum(map(len, found)) <= MOST_BYTES
    assert "titl" in found
