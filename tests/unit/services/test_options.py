"""What clients ask for, in the words they use."""

import pytest

from app.api.parameters import OPTION_SCHEMAS
from app.core.config import Settings
from app.core.errors import InvalidParameter
from app.core.speaker_counts import SpeakerRange
from app.schemas.task import ChannelMode, Priority, Task, TaskKind, TrackChoice
from app.services.known_speakers import NAMES, REFERENCES
from app.services.options import OPTIONS, UPLOAD, Options, parse_options


def options(settings: Settings, **given: str) -> Options:
    return parse_options({name: [value] for name, value in given.items()}, settings)


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
        diarize=False,
        speakers=None,
        known_speakers=(),
        priority=Priority.NORMAL,
        url=None,
        again_of=None,
        webhook=None,
        reuse=True,
        summary=False,
    )


def test_everything_may_be_asked_for(settings: Settings) -> None:
    asked = options(
        settings.model_copy(update={"summary_url": "http://127.0.0.1/v1"}),
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
        diarize="yes",
        speakers="2-5",
        priority="high",
        url="https://example.org/a",
        again_of="an-earlier-task",
        webhook="https://example.org/b",
        reuse="no",
        summary="yes",
    )
    assert asked == Options(
        *("base", 2.5, "ru", (), None, TaskKind.TRANSLATE, "Łukasz", "Acme", 0.4, True, False, 2),
        *(
            ChannelMode.SPLIT,
            True,
            SpeakerRange(2, 5),
            (),
            Priority.HIGH,
            "https://example.org/a",
            "an-earlier-task",
            "https://example.org/b",
            False,
            True,
        ),
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
    assert parse_options({"languages": ["de,en", "Russian"]}, settings).languages == ("de", "en", "ru")


def test_every_option_is_documented_and_is_part_of_a_task() -> None:
    assert set(OPTION_SCHEMAS) == set(OPTIONS)
    assert set(OPTIONS) - {"reuse", UPLOAD, NAMES, REFERENCES} <= set(Task.model_fields)


@pytest.mark.parametrize(
    ("value", "track"),
    [("", TrackChoice.AUTO), ("Mix", TrackChoice.MIX), ("auto", TrackChoice.AUTO), ("12", 12)],
)
def test_tracks(settings: Settings, value: str, track: int | TrackChoice) -> None:
    assert options(settings, track=value).track == track


@pytest.mark.parametrize(
    ("text", "expected"), [("1", (1, 1)), ("3", (3, 3)), ("2-5", (2, 5)), (" 2 - 15 ", (2, 15))]
)
def test_who_tells_the_number_of_speakers_wants_them_told_apart(
    settings: Settings, text: str, expected: tuple[int, int]
) -> None:
    asked = options(settings, speakers=text)

    assert (asked.diarize, asked.speakers) == (True, expected)


@pytest.mark.parametrize("text", ["0", "16", "5-2", "two", "2-", "-3", "2-99", "1.5", "٣"])
def test_no_number_of_speakers(settings: Settings, text: str) -> None:
    with pytest.raises(
        InvalidParameter, match="`speakers` must be a number from 1 to 15, or two such as 2-5"
    ):
        options(settings, speakers=text)


def test_a_number_of_speakers_who_are_not_told_apart_is_a_mistake(settings: Settings) -> None:
    with pytest.raises(InvalidParameter, match="`speakers` needs `diarize`"):
        options(settings, speakers="2", diarize="false")


def test_the_sides_of_a_call_are_looked_for_where_speakers_are_asked_for(settings: Settings) -> None:
    assert options(settings, diarize="true").channels is ChannelMode.AUTO
    assert options(settings, diarize="true", channels="mix").channels is ChannelMode.MIX
    assert options(settings).channels is ChannelMode.MIX


@pytest.mark.parametrize("speakers", [3, "3", [3, 3]])
def test_a_foreign_program_tells_the_number_in_its_own_way(speakers: object) -> None:
    task = Task.model_validate({"task_id": "t", "file_path": "a.wav", "diarize": True, "speakers": speakers})

    assert task.speakers == (3, 3)
    assert Task.model_validate_json(task.model_dump_json()) == task
