"""Validation of what clients send."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import InvalidParameter, UnsupportedExtension
from app.core.validation import (
    NO_EXTENSION,
    extension_of,
    parse_flag,
    parse_trim,
    quoted,
    shown_name,
    single_value,
)

ALLOWED = frozenset({"mp3", "ogg"})


@pytest.mark.parametrize(
    "name",
    [
        *("a.mp3", "A.MP3", "a.b.mp3", "dir/a.mp3", "C:\\dir\\a.Mp3", ".mp3", "речь.mp3"),
        *("a.mp3?token=1", "a.mp3?path=/b/c.d", "a.mp3#t=3", "what?.mp3", "what.is?.mp3"),
    ],
)
def test_allowed_extensions(name: str) -> None:
    assert extension_of(name, ALLOWED) == "mp3"


@pytest.mark.parametrize("name", ["", "mp3", "a.", "a.wav", "a.mp3.exe", "a.mp3/b", "a.mp3/", "a .m p3"])
def test_other_extensions(name: str) -> None:
    with pytest.raises(UnsupportedExtension, match="mp3, ogg") as raised:
        extension_of(name, ALLOWED)
    assert raised.value.extra == {"choices": ["mp3", "ogg"]}


@pytest.mark.parametrize(
    ("name", "extension"),
    [
        *(("a.mp3", "mp3"), ("A.Ogg", "ogg"), ("a.m4a?token=1", "m4a"), ("a.g723_1", "g723_1")),
        *(("https://x.org/a.gsm?b=c/d", "gsm"), ("a", NO_EXTENSION), ("", NO_EXTENSION)),
        *(("a.", NO_EXTENSION), ("a.b c", NO_EXTENSION), ("a.mp3/..", NO_EXTENSION)),
        *(("a.part", NO_EXTENSION), ("a.нет", NO_EXTENSION), ("a." + "x" * 40, NO_EXTENSION)),
    ],
)
def test_extensions_where_any_is_allowed(name: str, extension: str) -> None:
    assert extension_of(name, None) == extension


@given(st.text())
def test_such_an_extension_may_become_part_of_a_path(name: str) -> None:
    assert re.fullmatch("[a-z0-9_]{1,16}", extension_of(name, None))
    assert extension_of(name, None) != "part"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        *(("talk.mp3?token=1", "talk.mp3"), ("talk.mp3?path=/a/b&sig=x.y", "talk.mp3")),
        *(("What is it?.mp3", "What is it?.mp3"), ("1+1=2?.mp3", "1+1=2?.mp3"), ("a.b?.mp3", "a.b?.mp3")),
    ],
)
def test_a_query_is_not_shown(name: str, shown: str) -> None:
    assert shown_name(name) == shown


@given(st.text())
def test_a_shown_name_has_no_folder_and_no_control_character(name: str) -> None:
    shown = shown_name(name)
    assert not set(shown) & set("/\\\r\n\0")
    assert len(shown) <= 255


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 30), ("2.5", 2.5), (" .5 ", 0.5), ("+3", 3), ("1e3", 1000), ("5.", 5), ("1e-3", 0.001)],
)
def test_trims(text: str, seconds: float) -> None:
    assert parse_trim(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "0.0",
        "-1",
        "nan",
        "inf",
        "-inf",
        "infinity",
        "1e309",
        "1e-999",
        "abc",
        "",
        "1_0",
        "2,5",
        "٣",
        "5s",
        "0x1",
    ],
)
def test_absurd_trims(text: str) -> None:
    with pytest.raises(InvalidParameter, match="greater than 0"):
        parse_trim(text)


@pytest.mark.parametrize(
    ("text", "flag"),
    [("true", True), ("1", True), (" YES ", True), ("false", False), ("0", False), ("off", False)],
)
def test_flags(text: str, flag: bool) -> None:
    assert parse_flag("vad", text) is flag


@pytest.mark.parametrize("text", ["", "maybe", "2", "truee"])
def test_absurd_flags(text: str) -> None:
    with pytest.raises(InvalidParameter, match="`vad` must be true or false"):
        parse_flag("vad", text)


@pytest.mark.parametrize(
    ("values", "value"), [([], None), ([""], None), (["a"], "a"), (["a", " a "], "a"), (["", "a"], "a")]
)
def test_a_parameter_given_in_several_places(values: list[str], value: str | None) -> None:
    assert single_value("model", values) == value


def test_a_parameter_given_differently() -> None:
    with pytest.raises(InvalidParameter, match="give it once"):
        single_value("model", ["a", "b"])


def test_quoted_words_are_short_and_harmless() -> None:
    assert quoted("a\nb") == "'a\\nb'"
    lengths = [len(quoted("x" * size)) for size in range(0, 200, 10)]
    assert all(shorter <= longer for shorter, longer in pairwise(lengths))
    assert max(lengths) < 70
