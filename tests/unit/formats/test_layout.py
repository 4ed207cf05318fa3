import pytest

from app.formats.layout import (
    AFTER_CLAUSE,
    AFTER_SENTENCE,
    AFTER_SHORT_WORD,
    AT_SPACE,
    BEFORE_CONJUNCTION,
    BESIDE_IDEOGRAPH,
    WITHIN_WORD,
    break_cost,
    text_of,
)
from app.formats.phrases import Phrase, TimedText, phrases_of
from app.formats.pieces import Piece, pieces_of, width_of


def _pieces(text: str) -> list[Piece]:
    return pieces_of(Phrase(text, 0, 5))


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("ended. Then", AFTER_SENTENCE),
        ("«конец!» Потом", AFTER_SENTENCE),
        ("т. е.", AFTER_SHORT_WORD),
        ("house, but", AFTER_CLAUSE),
        ("house but", BEFORE_CONJUNCTION),
        ("город, которые", AFTER_CLAUSE),
        ("город которые", BEFORE_CONJUNCTION),
        ("old house", AFTER_SHORT_WORD),
        ("small house", AT_SPACE),
        ("東京", BESIDE_IDEOGRAPH),
        ("x" * 43, WITHIN_WORD),
        ("x" * 41 + "/" + "y", AT_SPACE),
    ],
)
def test_each_place_has_its_cost(text: str, cost: float) -> None:
    before, after = _pieces(text)
    assert break_cost(before, after) == cost


def test_a_pause_is_as_good_as_a_comma() -> None:
    words = (TimedText("small", 0, 1), TimedText("house", 1.5, 2))
    assert break_cost(*pieces_of(Phrase("small house", 0, 2, words))) == AFTER_CLAUSE


def test_lines_are_alike_in_length() -> None:
    words = "twelve", "eleven", "ninety", "thirty", "eighty", "twenty", "sixty", "fifty"
    assert text_of(_pieces(" ".join(words))) == "twelve eleven ninety thirty\neighty twenty sixty fifty"


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("東京。", ["東", "京。"]),
        ("「東京」", ["「東", "京」"]),
        ("チャット", ["チャッ", "ト"]),
        ("ABC東", ["ABC", "東"]),
        ("한국어", ["한국어"]),
        ("x" * 50, ["x" * 42, "x" * 8]),
        ("e\u0301" * 43, ["e\u0301" * 42, "e\u0301"]),
    ],
)
def test_words_part_where_a_line_may_end(word: str, parts: list[str]) -> None:
    assert [piece.text for piece in _pieces(word)] == parts


def test_width_is_counted_in_columns() -> None:
    assert [width_of(text) for text in ("", "дом", "東京", "한", "e\u0301", "\u2060")] == [0, 3, 4, 2, 1, 0]


def test_words_that_go_back_in_time_wait_for_each_other() -> None:
    words = (TimedText("one", 2, 3), TimedText("two", 1, 1.5), TimedText("three", 4, 90))
    times = [(piece.start, piece.end) for piece in pieces_of(Phrase("one two three", 0, 5, words))]
    assert times == [(2, 3), (3, 3), (4, 5)]


def test_times_before_the_beginning_and_ends_before_the_start_are_mended() -> None:
    segments = [{"text": "A.", "start": -0.02, "end": 1}, {"text": "B.", "start": 3, "end": 2}]
    assert phrases_of({"segments": segments}) == [Phrase("A.", 0, 1), Phrase("B.", 3, 3)]


def test_words_are_known_all_or_none() -> None:
    word = {"word": " A.", "start": 0, "end": 1}
    segment = {"text": "A.", "start": 0, "end": 1, "words": [word]}
    assert phrases_of({"segments": [segment]}) == [Phrase("A.", 0, 1, (TimedText("A.", 0, 1),))]
    assert phrases_of({"segments": [segment | {"words": [word, None]}]}) == [Phrase("A.", 0, 1)]
