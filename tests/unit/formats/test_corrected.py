"""Corrections in a result: words keep their times, speakers are merged and named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.formats.corrected import corrected
from app.formats.retiming import retimed
from app.schemas.corrections import Corrections


def words(*texts: str) -> list[dict[str, Any]]:
    return [
        {"start": float(n), "end": n + 1.0, "word": f" {text}", "probability": 0.5}
        for n, text in enumerate(texts)
    ]


def spans(found: list[dict[str, Any]]) -> list[tuple[str, float, float]]:
    return [(word["word"].strip(), word["start"], word["end"]) for word in found]


def test_words_that_stay_keep_their_times() -> None:
    found = retimed(words("The", "whether", "is", "nice"), "The weather is nice!")
    assert spans(found) == [("The", 0, 1), ("weather", 1, 2), ("is", 2, 3), ("nice!", 3, 4)]
    assert [word["probability"] for word in found] == [0.5, 1.0, 0.5, 0.5]


def test_words_that_take_the_place_of_others_share_their_time() -> None:
    assert spans(retimed(words("ice", "cream"), "I scream")) == [("I", 0, 0.286), ("scream", 0.286, 2)]


def test_words_that_are_new_get_the_gap() -> None:
    told = words("a", "c")
    told[1] |= {"start": 3.0, "end": 4.0}
    assert spans(retimed(told, "a b c")) == [("a", 0, 1), ("b", 1, 3), ("c", 3, 4)]
    assert spans(retimed(told, "a c d")) == [("a", 0, 1), ("c", 3, 4), ("d", 4, 4)]
    assert spans(retimed(told, "z a c")) == [("z", 0, 0), ("a", 0, 1), ("c", 3, 4)]


def test_a_text_that_was_written_anew_shares_the_whole_time() -> None:
    found = retimed(words("We", "have", "the", "budget", "today"), "Budget meeting of Monday morning")
    assert found[0]["start"] == 0
    assert found[-1]["end"] == 5


def test_words_that_go_leave_nothing() -> None:
    assert spans(retimed(words("well", "yes"), "Yes.")) == [("Yes.", 1, 2)]
    assert retimed(words("well"), " ") == []


@given(st.lists(st.text(max_size=6), max_size=12), st.text(max_size=60))
def test_every_word_is_there_once_and_in_order(before: list[str], after: str) -> None:
    found = retimed(words(*before), after)
    assert [word["word"].strip() for word in found] == after.split()
    times = [time for word in found for time in (word["start"], word["end"])]
    assert times == sorted(times)


RESULT = {
    "text": "Hello. Hi. Bye.",
    "segments": [
        {"start": 0, "end": 1, "text": "Hello.", "speaker": "S1", "words": words("Hello.")},
        {"start": 1, "end": 2, "text": "Hi.", "speaker": "S2"},
        {"start": 2, "end": 3, "text": "Bye.", "speaker": "S3"},
    ],
    "speakers": [{"id": f"S{n}", "name": None, "seconds": 1.0} for n in (1, 2, 3)],
    "turns": [{"start": n, "end": n + 1, "speaker": f"S{n + 1}", "overlap": False} for n in range(3)],
    "utterances": [{"start": 0, "end": 1, "speaker": "S1", "text": "Hello."}],
}


def test_speakers_are_merged_named_and_moved() -> None:
    changes = {"names": {"S1": "Anna"}, "merged": {"S3": "S1"}, "moved": {"1": "S3"}}
    found = corrected(RESULT, Corrections.model_validate({"speakers": changes}))
    assert [segment["speaker"] for segment in found["segments"]] == ["S1", "S1", "S1"]
    assert found["segments"][0]["words"][0]["speaker"] == "S1"
    assert found["speakers"] == [
        {"id": "S1", "name": "Anna", "seconds": 3},
        {"id": "S2", "name": None, "seconds": 0},
    ]
    assert found["turns"] == [{"start": 0, "end": 3, "speaker": "S1", "overlap": False}]
    assert found["utterances"] == [{"start": 0, "end": 3, "speaker": "S1", "text": "Hello. Hi. Bye."}]
    assert found["text"] == RESULT["text"]


def test_turns_of_merged_speakers_are_united_and_counted_once() -> None:
    turns = [
        {"start": 0.0, "end": 6.0, "speaker": "S1", "overlap": True},
        {"start": 2.0, "end": 4.0, "speaker": "S3", "overlap": True},
        {"start": 7.0, "end": 8.0, "speaker": "S2", "overlap": False},
    ]
    merged = Corrections.model_validate({"speakers": {"merged": {"S3": "S1"}}})
    found = corrected(RESULT | {"turns": turns}, merged)
    assert [(turn["start"], turn["end"], turn["overlap"]) for turn in found["turns"]] == [
        (0.0, 6.0, False),
        (7.0, 8.0, False),
    ]
    assert [each["seconds"] for each in found["speakers"]] == [6.0, 1.0]


def test_speakers_merged_in_a_circle_end_somewhere() -> None:
    merged = {"S1": "S2", "S2": "S1"}
    found = corrected(RESULT, Corrections.model_validate({"speakers": {"merged": merged}}))
    assert found["segments"][2]["speaker"] == "S3"


def test_the_text_is_that_of_the_segments() -> None:
    found = corrected(RESULT, Corrections.model_validate({"texts": {"1": "Good day."}}))
    assert found["text"] == "Hello. Good day. Bye."
    assert [each["text"] for each in found["utterances"]] == ["Hello.", "Good day.", "Bye."]
    assert "text" in RESULT
    assert RESULT["segments"][1] == {"start": 1, "end": 2, "text": "Hi.", "speaker": "S2"}


def test_odd_turns_are_passed_over() -> None:
    odd: list[Any] = [{"start": None, "end": 1, "speaker": "S1"}, {"speaker": 5}, 7]
    odd += [{"start": each, "end": 10**400, "speaker": "S1"} for each in (0, 1e999, 10**400)]
    changes = {"speakers": {"merged": {"S3": "S1"}, "moved": {"0": "S2"}}}
    segments = [{"text": "no times", "speaker": "S1"}]
    found = corrected(RESULT | {"turns": odd, "segments": segments}, Corrections.model_validate(changes))
    assert found["turns"] == []


def test_odd_words_are_passed_over() -> None:
    odd: list[Any] = [5, {"word": " timeless"}, {"word": " w", "start": None, "end": 1.0}, {"word": 7}]
    segments = [{"text": "a b", "speaker": "S1", "words": odd}, {"text": "c", "speaker": "S2", "words": odd}]
    changes = {"texts": {"0": "a b c"}, "speakers": {"names": {"S1": "Ann"}}}
    found = corrected(RESULT | {"segments": segments}, Corrections.model_validate(changes))
    assert [word["word"] for word in found["segments"][0]["words"]] == ["a", " b", " c"]
    assert all(word["speaker"] == "S2" for word in found["segments"][1]["words"])


@pytest.mark.parametrize(
    "result", [{"text": "t"}, {"segments": "x"}, {"segments": [1, None, {"text": 5}]}, {}]
)
def test_odd_results_stay_as_they_are(result: dict[str, Any]) -> None:
    corrections = Corrections.model_validate({"texts": {"0": "x"}, "speakers": {"names": {"S1": "A"}}})
    found = corrected(result, corrections)
    assert found.get("text", "") in ("t", "x", "")


def test_a_text_that_repeats_itself_a_thousand_times_is_not_compared() -> None:
    found = retimed(words(*["no", "yes"] * 500), "no yes " * 500)
    assert [word["word"].strip() for word in found] == ["no", "yes"] * 500
    assert (found[0]["start"], found[-1]["end"]) == (0, 1000)
    assert {word["probability"] for word in found} == {1.0}, "none was matched: they share the time"


TURNS = st.lists(
    st.tuples(st.integers(0, 20), st.integers(-2, 9), st.sampled_from(["S1", "S2", "S3"])), max_size=12
)


@given(TURNS)
def test_turns_overlap_where_two_speak_at_once(told: list[tuple[int, int, str]]) -> None:
    turns = [{"start": start, "end": start + length, "speaker": who} for start, length, who in told]
    speakers = [{"id": each, "name": None} for each in ("S1", "S2", "S3")]
    changes = Corrections.model_validate({"speakers": {"names": {"S1": "Ann"}}})
    found = corrected({"segments": [], "turns": turns, "speakers": speakers}, changes)["turns"]
    for turn in found:
        others = [each for each in found if each is not turn]
        overlaps = any(each["start"] < turn["end"] and turn["start"] < each["end"] for each in others)
        assert turn["overlap"] is overlaps


def pieces_of(result: dict[str, Any], runs: dict[str, Any], **more: Any) -> list[tuple[Any, ...]]:
    """Start, end, text and speaker of the segments, after people have split and joined some."""
    found = corrected(result, Corrections.model_validate({"regrouped": runs, **more}))
    return [(each["start"], each["end"], each["text"], each.get("speaker")) for each in found["segments"]]


SPOKEN: dict[str, Any] = {
    "segments": [
        {
            "id": 0,
            "start": 0,
            "end": 4,
            "text": " one two three four",
            "words": words("one", "two", "three", "four"),
        },
        {"id": 1, "start": 5, "end": 6, "text": " five"},
    ]
}


def test_a_segment_is_split_between_its_words() -> None:
    runs = {"0": {"last": 0, "pieces": [{"text": "One two."}, {"text": "Three for"}]}}
    assert pieces_of(SPOKEN, runs) == [
        (0, 2.0, " One two.", None),
        (2.0, 4, " Three for", None),
        (5, 6, " five", None),
    ]
    found = corrected(SPOKEN, Corrections.model_validate({"regrouped": runs}))
    assert [each["id"] for each in found["segments"]] == [0, 1, 2]
    assert spans(found["segments"][1]["words"]) == [("Three", 2, 3), ("for", 3, 4)]
    assert found["text"] == "One two. Three for five"


def test_neighbours_are_joined_whether_their_words_have_times_or_not() -> None:
    runs = {"0": {"last": 1, "pieces": [{"text": "one two three four five"}]}}
    assert pieces_of(SPOKEN, runs) == [(0, 6, " one two three four five", None)]
    untimed = {"segments": [{**each, "words": None} for each in SPOKEN["segments"]]}
    split = {"0": {"last": 1, "pieces": [{"text": "one"}, {"text": "two three four five"}]}}
    assert pieces_of(untimed, split) == [(0, 0.8, " one", None), (0.8, 6, " two three four five", None)]


def test_words_where_nothing_was_heard_share_the_time_of_the_segment() -> None:
    silent = {"segments": [{"start": 10, "end": 12, "text": "", "words": []}]}
    written = corrected(silent, Corrections(texts={0: "one two"}))["segments"]
    assert spans(written[0]["words"]) == [("one", 10, 11), ("two", 11, 12)]
    runs = {"0": {"last": 0, "pieces": [{"text": "one"}, {"text": "two"}]}}
    assert pieces_of(silent, runs) == [(10, 11, "one", None), (11, 12, "two", None)]


def test_pieces_of_people_who_talk_at_the_same_time_end_after_they_begin() -> None:
    sides = [
        {"start": 0, "end": 4, "text": "a b c d", "words": words("a", "b", "c", "d")},
        {"start": 1, "end": 3, "text": "b c", "words": words("_", "b", "c")[1:]},
    ]
    texts = ("a b c", "Y", "Z c")
    runs = {"0": {"last": 1, "pieces": [{"text": text} for text in texts]}}
    assert all(start <= end for start, end, *_ in pieces_of({"segments": sides}, runs))


def test_pieces_may_have_another_speaker_whose_time_is_counted() -> None:
    runs = {"0": {"last": 1, "pieces": [{"text": "Hello."}, {"text": "Hi.", "speaker": "S3"}]}}
    changes = {"merged": {"S3": "S2"}}
    assert pieces_of(RESULT, runs, speakers=changes) == [
        (0, 1.0, "Hello.", "S1"),
        (1.0, 2, "Hi.", "S2"),
        (2, 3, "Bye.", "S2"),
    ]
    found = corrected(RESULT, Corrections.model_validate({"regrouped": runs, "speakers": changes}))
    assert [(each["id"], each["seconds"]) for each in found["speakers"]] == [("S1", 1.0), ("S2", 2.0)]
    assert [each["speaker"] for each in found["turns"]] == ["S1", "S2"]


def test_what_has_no_times_is_not_regrouped() -> None:
    odd = {"segments": [{"text": "a"}, 7, {"text": "b", "start": 0, "end": None}]}
    runs = {"0": {"last": 2, "pieces": [{"text": "a b"}]}}
    assert corrected(odd, Corrections.model_validate({"regrouped": runs}))["segments"] == odd["segments"]


FILLED = st.text(max_size=20).filter(lambda text: bool(text.split()))


@given(st.lists(FILLED, min_size=1, max_size=5), st.integers(0, 1))
def test_pieces_follow_each_other_whatever_people_write(texts: list[str], last: int) -> None:
    run = {"last": last, "pieces": [{"text": text} for text in texts]}
    found = corrected(SPOKEN, Corrections.model_validate({"regrouped": {"0": run}}))["segments"]
    assert [each["text"].split() for each in found[: len(texts)]] == [text.split() for text in texts]
    times = [time for each in found[: len(texts)] for time in (each["start"], each["end"])]
    assert times == sorted(times)
