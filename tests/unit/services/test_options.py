"""What clients ask for, in the words they use."""

import pytest

from app.api.parameters import OPTION_SCHEMAS
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.schemas.task import ChannelMode, Priority, Task, TaskKind, TrackChoice
from app.services.options import OPTIONS, Options, options_of


def options(settings: Settings, **given: str) -> Options:
    return options_of({name: [value] for name, value in given.items()}, settings)


def test_nothing_asked_for_is_the_default(settings: Settings) -> None:
    assert options(settings) == Options(
        model="large-v3-turbo",
        trim=None,
        language=None,
        languages=(),
        script=None,
        task=TaskKind.TRANSCRIBE,
        prompt=None,
        hotwords=None,
        temperature=0.0,
        word_timestamps=False,
        vad=True,
        track=TrackChoice.AUTO,
        channels=ChannelMode.MIX,
        priority=Priority.NORMAL,
        url=None,
        webhook=None,
        reuse=True,
    )


def test_everything_may_be_asked_for(settings: Settings) -> None:
    asked = options(
        settings,
        model="base",
        trim="2.5",
        language="Russian",
        task="Translate",
        prompt="Łukasz",
        hotwords="Acme",
        temperature="0.4",
        word_timestamps="yes",
        vad="0",
        track="2",
        channels="split",
        priority="high",
        url="https://example.org/a",
        webhook="https://example.org/b",
        reuse="no",
    )
    assert asked == Options(
        *("base", 2.5, "ru", (), None, TaskKind.TRANSLATE, "Łukasz", "Acme", 0.4, True, False, 2),
        *(ChannelMode.SPLIT, Priority.HIGH, "https://example.org/a", "https://example.org/b", False),
    )


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("language", "klingon", "There is no language 'klingon'"),
        ("task", "sing", "must be one of: transcribe, translate"),
        ("priority", "urgent", "must be one of: normal, high"),
        ("temperature", "1.5", "from 0 to 1"),
        ("temperature", "nan", "from 0 to 1"),
        ("vad", "maybe", "true or false"),
        *(
            ("track", value, "number of an audio track, from 1, or auto or mix")
            for value in ("0", "-1", "x", "²")
        ),
        ("channels", "left", "must be one of: mix, split"),
    ],
)
def test_what_cannot_be_had_is_refused_with_a_sentence(
    settings: Settings, name: str, value: str, words: str
) -> None:
    with pytest.raises(InvalidParameter, match=words) as raised:
        options(settings, **{name: value})
    assert raised.value.extra["parameter"] == name


def test_an_english_model_is_not_given_another_language(settings: Settings) -> None:
    with pytest.raises(InvalidParameter, match="knows English only"):
        options(settings, model="tiny.en", language="ru")
    assert options(settings, model="tiny.en", language="en").language == "en"


def test_languages_may_be_given_several_times(settings: Settings) -> None:
    assert options_of({"languages": ["de,en", "Russian"]}, settings).languages == ("de", "en", "ru")


def test_every_option_is_documented_and_is_part_of_a_task() -> None:
    assert set(OPTION_SCHEMAS) == set(OPTIONS)
    assert set(OPTIONS) - {"reuse"} <= set(Task.model_fields)


@pytest.mark.parametrize(
    ("value", "track"),
    [("", TrackChoice.AUTO), ("Mix", TrackChoice.MIX), ("auto", TrackChoice.AUTO), ("12", 12)],
)
def test_tracks(settings: Settings, value: str, track: int | TrackChoice) -> None:
    assert options(settings, track=value).track == track
