"""What clients of OpenAI's audio API ask for, however they write it."""

import pytest

from app.api.openai.request import (
    ResponseFormat,
    field_name,
    openai_options,
    parse_response_options,
    query_values,
)
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.services.options import Options


def options(settings: Settings, *given: tuple[str, str]) -> Options:
    return openai_options(query_values([("model", "base"), *given]), settings, "transcribe")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("languages[]", "languages"),
        ("timestamp_granularities[0]", "timestamp_granularities"),
        ("chunking_strategy[type]", "chunking_strategy"),
        ("model", "model"),
        ("[]", ""),
    ],
)
def test_subscripts_are_left_out(written: str, name: str) -> None:
    assert field_name(written) == name


@pytest.mark.parametrize(
    "given",
    [
        [("timestamp_granularities[]", "word")],
        [("timestamp_granularities", "word")],
        [("timestamp_granularities[0]", "word"), ("timestamp_granularities[1]", "segment")],
        [("timestamp_granularities", "word,segment")],
        [("timestamp_granularities", '["word", "segment"]')],
    ],
)
def test_words_however_they_are_asked_for(settings: Settings, given: list[tuple[str, str]]) -> None:
    wanted = parse_response_options(query_values([("response_format", "verbose_json"), *given]))
    assert wanted.words
    assert wanted.segments is (len(given) > 1 or "segment" in given[0][1])
    assert options(settings, ("response_format", "verbose_json"), *given).word_timestamps


def test_languages_and_keywords_are_languages_and_hotwords(settings: Settings) -> None:
    asked = options(
        settings,
        ("languages[]", "de"),
        ("languages[]", "English"),
        ("hotwords", "Acme"),
        ("keywords[]", "Jörg"),
        ("keywords[]", " EBITDA "),
        ("keywords[]", ""),
    )
    assert asked.languages == ("de", "en")
    assert asked.hotwords == "Acme, Jörg, EBITDA"
    assert options(settings).hotwords is None


def test_logprobs_need_words(settings: Settings) -> None:
    assert options(settings, ("include[]", "logprobs")).word_timestamps
    assert not options(settings, ("include[]", "other")).word_timestamps


@pytest.mark.parametrize("answer_format", ResponseFormat)
def test_every_format_may_be_streamed(answer_format: ResponseFormat) -> None:
    values = query_values([("stream", "true"), ("response_format", str(answer_format).upper())])
    assert parse_response_options(values).stream


def test_granularities_without_verbose_json_are_told(settings: Settings) -> None:
    with pytest.raises(InvalidParameter, match="needs `response_format` to be verbose_json"):
        options(settings, ("timestamp_granularities", "word"))
