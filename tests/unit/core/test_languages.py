"""Languages, in all the ways in which people name them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langcodes import Language
from whisper.tokenizer import LANGUAGES as WHISPER_LANGUAGES
from whisper.tokenizer import TO_LANGUAGE_CODE

from app.core.errors import InvalidParameter
from app.core.languages import LANGUAGES, parse_language

READERS = ["en", "de", "ru", "fr", "es", "pt", "it", "pl", "nl", "sv", "tr", "uk", "zh", "ja", "ar"]
"""Languages of people who name languages."""


def test_the_languages_are_those_of_whisper() -> None:
    assert dict(LANGUAGES) == WHISPER_LANGUAGES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        *(("ru", "ru"), (" RU ", "ru"), ("PT-br", "pt"), ("zh_CN", "zh"), ("zh-Hant-TW", "zh")),
        *(("sr-Latn-RS", "sr"), ("zh-yue", "yue"), ("yue", "yue"), ("jv", "jw"), ("jw", "jw")),
        *(("nb", "no"), ("nob", "no"), ("no", "no"), ("nn", "nn"), ("no-NO", "no"), ("fil", "tl")),
        *(("eng", "en"), ("deu", "de"), ("ger", "de"), ("zho", "zh"), ("chi", "zh"), ("cmn", "zh")),
        *(("iw", "he"), ("in", "id"), ("ji", "yi"), ("mo", "ro"), ("sh", "sr"), ("cnr", "sr")),
        *(("arz", "ar"), ("afb", "ar"), ("pes", "fa"), ("prs", "fa"), ("uzn", "uz"), ("gsw", "de")),
        *(("Spanish", "es"), ("Deutsch", "de"), ("русский", "ru"), ("НЕМЕЦКИЙ", "de"), ("日本語", "ja")),
        *(("norsk bokmål", "no"), ("Filipino", "tl"), ("Flemish", "nl"), ("Mandarin", "zh")),
        *(("Brazilian Portuguese", "pt"), ("Chinese (Simplified)", "zh"), ("Haitian-Creole", "ht")),
    ],
)
def test_a_language_by_tag_code_and_name(text: str, code: str) -> None:
    assert parse_language(text) == code


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_by_its_codes_and_names(code: str) -> None:
    language = Language.get(code)
    names = [language.display_name(reader) for reader in READERS]
    codes = [language.to_alpha3(variant) for variant in ("T", "B")]
    for text in (code, LANGUAGES[code], language.autonym(), *codes, *names):
        assert parse_language(text) == code, text


def test_every_name_that_whisper_itself_takes() -> None:
    assert {name: parse_language(name) for name in TO_LANGUAGE_CODE} == TO_LANGUAGE_CODE


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Germn", "de"), ("Deutch", "de"), ("русскй", "ru"), ("Portugeuse", "pt"), ("klingon", "ln")],
)
def test_another_is_refused_with_the_nearest_three(text: str, nearest: str) -> None:
    with pytest.raises(InvalidParameter, match=f"There is no language '{text}'.*{nearest} \\(") as raised:
        parse_language(text)

    choices = raised.value.extra["choices"]
    assert isinstance(choices, list)
    assert len(choices) == 3
    assert choices[0] == nearest


@pytest.mark.parametrize(
    "text", ["", "xx", "qqq", "eo", "Esperanto", "nds", "\0", "en\0", "x" * 10_000, "i-x"]
)
def test_what_whisper_does_not_know(text: str) -> None:
    with pytest.raises(InvalidParameter):
        parse_language(text)


@given(st.text(max_size=80))
def test_any_text_gives_a_language_or_a_sentence(text: str) -> None:
    try:
        assert parse_language(text) in LANGUAGES
    except InvalidParameter as error:
        assert error.extra["parameter"] == "language"  # noqa: PT017
