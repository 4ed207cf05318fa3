"""Chinese in the characters that were asked for; what is no Chinese stays as it is."""

import pytest

from app.core.scripts import ChineseScript
from app.schemas.transcript import Segment, Word
from app.schemas.window import WindowTranscript
from app.transcription.chinese import in_script


def _window(language: str, *segments: Segment) -> WindowTranscript:
    return WindowTranscript(number=0, start=0, end=9, segments=segments, language=language)


def _segment(text: str, *words: str, language: str | None = None) -> Segment:
    timed = tuple(Word(start=n, end=n + 1, word=word, probability=1) for n, word in enumerate(words))
    return Segment(id=0, start=0, end=9, text=text, avg_logprob=-0.1, words=timed or None, language=language)


@pytest.mark.parametrize(
    ("script", "text"),
    [
        (ChineseScript.SIMPLIFIED, "我的头发很干燥"),
        (ChineseScript.TRADITIONAL, "我的頭髮很乾燥"),
        (None, "我的头髮很乾燥"),
    ],
)
def test_characters_are_those_of_the_script(script: ChineseScript | None, text: str) -> None:
    assert in_script(_window("zh", _segment("我的头髮很乾燥")), script).text == text


def test_words_are_spelt_as_the_text_is() -> None:
    window = _window("zh", _segment("头发干燥", "头", "发", "干燥"))

    [segment] = in_script(window, ChineseScript.TRADITIONAL).segments

    assert segment.words is not None
    assert [word.word for word in segment.words] == ["頭", "髮", "乾燥"]
    assert "".join(word.word for word in segment.words) == segment.text


def test_other_languages_keep_their_characters() -> None:
    window = _window("zh", _segment("学校", language="ja"), _segment("学校", language="yue"))

    assert in_script(window, ChineseScript.TRADITIONAL).text == "学校學校"
