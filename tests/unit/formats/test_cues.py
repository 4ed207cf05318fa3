import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.cues import (
    FASTEST_SPEECH,
    FLASH_SECONDS,
    LEAST_SECONDS,
    MOST_LATE_SECONDS,
    READING_SPEED,
    Cue,
    cues_of,
)
from app.formats.pieces import is_ideograph, width_of

ENGLISH = (
    "Nobody lived in the old house, but every night the lights went on, and people talked. "
    "It was never explained. Then one day a man came from the city with a key."
)
RUSSIAN = (
    "Никто не жил в старом доме на краю города, но каждую ночь там зажигался свет. "
    "Потом приехал человек, у которого был ключ, и всё выяснилось."
)
CHINESE = "今天天气很好，我们决定去公园散步。那里有很多人在放风筝，孩子们在草地上奔跑，老人们坐在长椅上聊天。"

_words = st.one_of(
    st.sampled_from(f"{ENGLISH} {RUSSIAN}".split()),
    st.sampled_from(["x" * 43, "длинное" * 40, "한국어", "e\u0301" * 50, "「東京」", "タクシー。", CHINESE]),
    st.text(st.characters(exclude_categories=["Z", "Cs", "Cc"]), min_size=1, max_size=60),
)
_texts = st.lists(_words, max_size=40).map(" ".join)
_seconds = st.one_of(st.floats(0, 60), st.sampled_from([0.0, 5.0]))


def _segment(
    text: str, start: float, length: float, words: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    segment = {"id": 0, "start": start, "end": start + length, "text": text}
    return segment if words is None else segment | {"words": words}


@st.composite
def _segments(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Segments in order, which may overlap, take no time, and know their words' times or not."""
    segments, start = [], 0.0
    for text in draw(st.lists(_texts, max_size=6)):
        start += draw(_seconds)
        words = [
            {"word": f" {word}", "start": start + draw(_seconds), "end": start + draw(_seconds)}
            for word in text.split()
        ]
        segments.append(_segment(text, start, draw(_seconds), draw(st.sampled_from([None, words]))))
    return segments


def _letters(*texts: str) -> str:
    return re.sub(r"\s", "", "".join(texts))


def _all(cues: list[Cue]) -> str:
    return _letters(*(cue.text for cue in cues))


def _check_shape(cues: list[Cue]) -> None:
    for cue in cues:
        lines = cue.text.split("\n")
        assert 1 <= len(lines) <= 2
        assert all(line and line == line.strip(" ") and width_of(line) <= 42 for line in lines)
        assert 0 < cue.end - cue.start <= 7.001
    for cue, following in pairwise(cues):
        assert cue.end <= following.start


def _starts(cues: list[Cue]) -> list[float]:
    return [cue.start for cue in cues]


@given(_segments())
def test_every_letter_is_shown_once_in_cues_of_good_shape(segments: list[dict[str, Any]]) -> None:
    cues = cues_of({"text": "ignored", "segments": segments} if _letters(*_texts_of(segments)) else {})
    assert _all(cues) == _letters(*_texts_of(segments))
    _check_shape(cues)


def _texts_of(segments: list[dict[str, Any]]) -> list[str]:
    return [segment["text"] for segment in segments]


@given(_texts, st.floats(0, 10_000))
def test_words_stay_whole_and_in_order(text: str, duration: float) -> None:
    """But for those that fill a line, and Chinese and Japanese, which have none to tell apart."""
    cues = cues_of({"text": text, "duration": duration})
    words = [word for word in text.split() if width_of(word) <= 42 and not any(map(is_ideograph, word))]
    remaining = iter([word for cue in cues for word in cue.text.split()])
    assert all(word in remaining for word in words)
    _check_shape(cues)


@given(_segments())
def test_a_cue_stays_until_it_is_read_where_the_next_one_leaves_room(segments: list[dict[str, Any]]) -> None:
    cues = cues_of({"segments": segments})
    for cue, following in pairwise(cues):
        reading = min(7.0, max(1.0, width_of(cue.text.replace("\n", "")) / READING_SPEED))
        assert cue.end == following.start or cue.end - cue.start >= reading - 0.001


_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["text", "segments", "words", "word", "start", "end"]), inner)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["text", "segments", "duration"]), _odd))
def test_odd_content_is_no_error(result: dict[str, Any]) -> None:
    cues = cues_of(result)
    _check_shape(cues)
    if isinstance(result.get("text"), str) and not isinstance(result.get("segments"), list):
        assert _all(cues) == _letters(result["text"])


def test_a_text_alone_is_one_cue_for_the_duration() -> None:
    assert cues_of({"text": " Hello  world. ", "duration": 4.5}) == [Cue(0, 4.5, "Hello world.")]


@pytest.mark.parametrize("duration", [None, 0, "12", float("nan"), float("inf"), True, 10**400])
def test_an_unknown_duration_is_estimated(duration: object) -> None:
    assert cues_of({"text": "x" * 30, "duration": duration}) == [Cue(0, 2, "x" * 30)]


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "words",
        {},
        {"text": "There."},
        {"text": 5, "start": 0, "end": 1},
        {"text": "There.", "start": "soon", "end": 2},
        {"text": "There.", "start": 1, "end": float("inf")},
    ],
)
def test_a_segment_that_is_not_understood_costs_the_times_but_no_word(odd: object) -> None:
    result = {"text": "Here. There.", "duration": 3.0, "segments": [_segment("Here.", 1, 1), odd]}
    assert cues_of(result) == [Cue(0, 3, "Here. There.")]


def test_segments_that_are_understood_are_all_there_is_without_a_text() -> None:
    assert cues_of({"segments": [_segment("Here.", 1, 1), None]}) == [Cue(1, 2, "Here.")]
    assert cues_of({}) == cues_of({"text": "  ", "segments": [_segment(" ", 0, 1)]}) == []


def test_subtitles_end_with_sentences() -> None:
    texts = [cue.text for cue in cues_of({"segments": [_segment(ENGLISH, 0, 12)]})]
    assert texts == [
        "Nobody lived in the old house,\nbut every night the lights went on,",
        "and people talked. It was never explained.",
        "Then one day a man came\nfrom the city with a key.",
    ]


def test_russian_lines_end_at_commas_and_before_conjunctions() -> None:
    texts = [cue.text for cue in cues_of({"segments": [_segment(RUSSIAN, 0, 12)]})]
    assert texts == [
        "Никто не жил в старом доме на краю города,\nно каждую ночь там зажигался свет.",
        "Потом приехал человек,\nу которого был ключ, и всё выяснилось.",
    ]


def test_no_chinese_line_begins_with_a_closing_mark() -> None:
    cues = cues_of({"segments": [_segment(CHINESE * 3, 0, 30)]})
    lines = [line for cue in cues for line in cue.text.split("\n")]
    assert len(lines) > 6
    assert not [line for line in lines if line[0] in "，。"]


def test_abbreviations_end_no_sentence() -> None:
    text = "Он привёл самые разные доводы, примеры, т. е. доказательства того, что мир велик"
    [cue] = cues_of({"segments": [_segment(text, 0, 6)]})
    assert "т. е. доказательства" in cue.text


def test_cues_begin_with_their_words() -> None:
    words = [
        {"word": f" {word}", "start": 10 + i + 3 * (i > 15), "end": 10.5 + i + 3 * (i > 15)}
        for i, word in enumerate(ENGLISH.split())
    ]
    cues = cues_of({"segments": [_segment(ENGLISH, 10, 60, words)]})
    begins = {word["start"] for word in words}
    assert len(cues) > 4
    assert set(_starts(cues)) <= begins
    assert all(cue.end - cue.start <= 7 for cue in cues)


def test_words_that_do_not_spell_the_text_are_not_used() -> None:
    words = [{"word": "Else", "start": 3, "end": 4}]
    assert cues_of({"segments": [_segment("Hello.", 0, 2, words)]}) == [Cue(0, 2, "Hello.")]


def test_a_segment_without_times_shares_them_by_length() -> None:
    first, second = "x" * 40 + ".", "Y" * 40 + "."
    third = "Z" * 40 + "."
    cues = cues_of({"segments": [_segment(f"{first} {second} {third}", 0, 12)]})
    assert _starts(cues) in ([0, 4, 8], [0, 4], [0, 8])


def test_a_short_cue_stays_for_a_second_unless_the_next_one_comes() -> None:
    cues = cues_of(
        {"segments": [_segment("Yes.", 0, 0.2), _segment("No.", 5, 0.2), _segment("Why?", 5.5, 0.2)]}
    )
    assert cues == [Cue(0, 1, "Yes."), Cue(5, 5.7, "No."), Cue(5.7, 6.7, "Why?")]


def test_a_sentence_that_is_over_at_once_shares_the_next_cue() -> None:
    """Taken from a recording: the second sentence begins 0.7 s after the first."""
    text = "The squalor and uncleanness of the debtor's side was intensified by constant overcrowding."
    words = [
        {"word": f" {word}", "start": 1 + 0.335 * place, "end": 1 + 0.335 * (place + 1)}
        for place, word in enumerate(text.split())
    ]
    cues = cues_of({"segments": [_segment(text, 1, 4.4, words)]})
    assert len(cues) == 2
    assert cues[0].text.replace("\n", " ").startswith("The squalor and uncleanness")
    assert all(cue.end - cue.start > 1 for cue in cues)


def test_short_answers_in_quick_turns_stay_long_enough() -> None:
    """Speakers do not share cues; late ones keep the time of their turn; who pauses is in time again."""
    turns = [_segment("Yes.", 1 + 0.4 * turn, 0.4) | {"speaker": f"S{turn % 2}"} for turn in range(24)]
    cues = cues_of({"segments": [*turns, _segment("Well.", 15, 1) | {"speaker": "S0"}]})
    seconds = [cue.end - cue.start for cue in cues]
    assert seconds[:7] == pytest.approx([LEAST_SECONDS] * 7)
    assert seconds[7:23] == pytest.approx([0.4] * 16)
    assert seconds[23] == pytest.approx(1)
    late = [cue.start - turn["start"] for cue, turn in zip(cues, turns, strict=False)]
    assert max(late) < MOST_LATE_SECONDS + LEAST_SECONDS
    assert cues[24].start == 15


def test_a_segment_without_time_takes_some_of_the_pause_after_it() -> None:
    cues = cues_of({"segments": [_segment(ENGLISH, 0, 0), _segment("End.", 60, 1)]})
    assert len(cues) > 2
    assert all(
        width_of(cue.text.replace("\n", "")) / (cue.end - cue.start) < FASTEST_SPEECH / 2 for cue in cues
    )


def test_times_that_are_all_zero_give_flashes_in_order() -> None:
    cues = cues_of({"segments": [_segment(f"{number}.", 0, 0) for number in range(9)]})
    assert [cue.text for cue in cues] == [f"{number}." for number in range(9)]
    in_time = [start for start in _starts(cues) if start <= MOST_LATE_SECONDS]
    assert in_time == pytest.approx([0, LEAST_SECONDS, 2 * LEAST_SECONDS])
    flashes = [cue.end - cue.start for cue in cues[len(in_time) : -1]]
    assert flashes == pytest.approx([FLASH_SECONDS] * len(flashes))


def test_segments_are_put_in_order_and_ended_by_the_next() -> None:
    cues = cues_of({"segments": [_segment("Second.", 3, 2), _segment("First.", 0, 4)]})
    assert cues == [Cue(0, 3, "First."), Cue(3, 5, "Second.")]


def test_a_cue_is_read_at_17_characters_a_second() -> None:
    assert cues_of({"segments": [_segment("x" * 34, 0, 1)]}) == [Cue(0, 2, "x" * 34)]


def test_a_segment_that_another_interrupts_is_shown_before_it() -> None:
    first = _segment(f"{'x' * 42} {'y' * 42} {'z' * 42}", 0, 20)
    cues = cues_of({"segments": [first, _segment("Stop.", 6, 1)]})
    assert cues[-1] == Cue(6, 7, "Stop.")


@given(_segments(), st.floats(0.5, 200))
def test_no_cue_ends_after_the_recording(segments: list[dict[str, Any]], seconds: float) -> None:
    segments = [segment for segment in segments if segment["start"] < seconds]

    cues = cues_of({"text": "", "duration": seconds, "segments": segments})

    assert _all(cues) == _letters(*_texts_of(segments))
    assert all(0 <= cue.start < cue.end <= seconds for cue in cues)
    assert all(cue.end <= following.start for cue, following in pairwise(cues))


def test_a_last_word_ends_with_the_recording() -> None:
    segment = _segment("One more thing.", 2.5, 0.5)

    [cue] = cues_of({"duration": 3.0, "segments": [segment]})

    assert cue.start == pytest.approx(3.0 - LEAST_SECONDS)
    assert cue.end == 3.0


def test_a_length_that_cannot_be_true_is_left_alone() -> None:
    [cue] = cues_of({"duration": 2.0, "segments": [_segment("Later.", 60.0, 1.0)]})

    assert (cue.start, cue.end) == (60.0, 61.0)


def test_two_channels_may_be_seen_at_the_same_time() -> None:
    one = _segment("Hello, who is there?", 0.0, 3.0) | {"channel": 0}
    other = _segment("It is me.", 1.0, 1.5) | {"channel": 1}

    cues = cues_of({"duration": 9.0, "segments": [one, other]})

    assert [(cue.start, cue.end, cue.label) for cue in cues] == [
        (0.0, 3.0, "Channel 0"),
        (1.0, 2.5, "Channel 1"),
    ]


@given(_texts)
def test_a_label_has_room_in_the_first_line(text: str) -> None:
    cues = cues_of({"segments": [_segment(text, 0.0, 30.0) | {"channel": 3}]})

    assert _all(cues) == _letters(text)
    for cue in cues:
        first = cue.text.split("\n")[0]
        assert width_of(f"Channel 3: {first}") <= 42 or len(first.split()) == 1
