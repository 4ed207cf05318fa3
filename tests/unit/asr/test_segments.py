import numpy as np
import pytest

from app.asr.base import DecodeOptions, WindowRequest
from app.asr.hypothesis import Hypothesis
from app.asr.segments import LONGEST_SEGMENT_SECONDS, is_several, segments_of
from app.asr.words import to_words
from app.audio.samples import SAMPLE_RATE
from app.audio.windows import Window
from app.schemas.transcript import Word
from tests.unit.asr.engines import whole_window


def _window(seconds: float, *speech: tuple[float, float], start: float = 100.0) -> Window:
    spans = speech or ((start + 0.4, start + seconds - 0.4),)
    return whole_window(np.zeros(round(seconds * SAMPLE_RATE), np.float32), *spans, number=3, start=start)


def _request(window: Window, *, words: bool = False) -> WindowRequest:
    return WindowRequest(window, DecodeOptions(word_timestamps=words))


def _words(text: str, start: float, *, pauses: dict[str, float] | None = None) -> list[Word]:
    """Half a second for each word of the text, and a pause after some."""
    words = []
    for word in text.split():
        words.append(Word(start=start, end=start + 0.5, word=f" {word}", probability=0.9))
        start += 0.5 + (pauses or {}).get(word, 0.0)
    return words


def _answer(text: str) -> Hypothesis:
    return Hypothesis((1,), text, -0.3, 0.01)


@pytest.mark.parametrize(
    ("seconds", "text", "needed"),
    [
        (5, " One. Two. Three.", False),
        (9, " One sentence and no more.", False),
        (9, " One. And another one.", True),
        (20, " no end of it", True),
        (20, " ", False),
    ],
)
def test_times_of_words_are_asked_only_where_they_divide(seconds: float, text: str, needed: bool) -> None:
    assert is_several(_window(seconds), text) is needed


def test_a_short_window_is_one_segment_from_first_to_last_speech() -> None:
    window = _window(5, (100.3, 101.0), (102.0, 104.5))

    [segment] = segments_of(_request(window), _answer(" Hello there."), None)

    assert (segment.id, segment.start, segment.end, segment.text) == (0, 100.3, 104.5, " Hello there.")
    assert (segment.avg_logprob, segment.no_speech_prob, segment.temperature) == (-0.3, 0.01, 0.0)
    assert segment.words is None


def test_sentences_are_segments() -> None:
    text = " First of all. Then «more»? And on"

    segments = segments_of(_request(_window(20), words=True), _answer(text), _words(text, 101))

    assert [segment.text for segment in segments] == [" First of all.", " Then «more»?", " And on"]
    assert [(segment.start, segment.end) for segment in segments] == [
        (101, 102.5),
        (102.5, 103.5),
        (103.5, 104.5),
    ]
    assert [segment.id for segment in segments] == [0, 1, 2]
    assert "".join(segment.text for segment in segments) == text
    assert segments[0].words is not None
    assert [word.word for word in segments[0].words] == [" First", " of", " all."]


def test_sentences_of_languages_without_spaces_are_segments() -> None:
    text = "今日は晴れです。明日は？「雨でしょう。」"
    letters = ["今日は", "晴れです。", "明日は？", "「雨", "でしょう。」"]
    words = [Word(start=101 + n, end=102 + n, word=each, probability=0.9) for n, each in enumerate(letters)]

    assert is_several(_window(9), text)
    segments = segments_of(_request(_window(9)), _answer(text), words)

    assert [segment.text for segment in segments] == ["今日は晴れです。", "明日は？", "「雨でしょう。」"]


def test_a_title_does_not_end_a_sentence() -> None:
    text = " With Dr. Brown and Mr. Green in the U.S. today. They left."

    segments = segments_of(_request(_window(20)), _answer(text), _words(text, 101))

    assert [segment.text for segment in segments] == [
        " With Dr. Brown and Mr. Green in the U.S. today.",
        " They left.",
    ]


def test_a_long_sentence_is_divided_at_its_longest_pause() -> None:
    text = " " + " ".join(f"w{number}" for number in range(40))

    segments = segments_of(
        _request(_window(28)), _answer(text), _words(text, 101, pauses={"w17": 0.8, "w30": 0.4})
    )

    assert segments[0].text.endswith(" w17")
    assert all(segment.end - segment.start <= LONGEST_SEGMENT_SECONDS for segment in segments)
    assert "".join(segment.text for segment in segments) == text


def test_loops_never_reach_the_user() -> None:
    [segment] = segments_of(_request(_window(20)), _answer(" Well" + " la" * 12), _words("la la", 101))

    assert segment.text == " Well la"


def test_no_text_is_no_segment() -> None:
    assert segments_of(_request(_window(5)), _answer("  "), None) == ()


def test_words_do_not_reach_into_silence() -> None:
    window = _window(10, (100.4, 103.0), (105.0, 109.0))
    aligned = [
        (" over", 0.0, 1.0, 0.9),
        (" pause", 2.5, 5.2, 0.8),
        ("", 5.2, 5.2, 0.1),
        (" lost", 3.2, 3.6, 0.5),
    ]

    words = to_words(window, aligned)

    assert [(word.word, word.start, word.end) for word in words] == [
        (" over", 100.4, 101.0),
        (" pause", 102.5, 103.0),
        (" lost", 103.2, 103.6),
    ]
