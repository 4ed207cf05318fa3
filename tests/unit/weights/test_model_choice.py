"""Which model and languages a task gets."""

from collections.abc import Callable

import pytest

from app.core.config import Settings
from app.core.errors import InvalidParameter, UnknownModel
from app.core.scripts import ChineseScript
from app.schemas.task import TaskKind
from app.weights.catalog import canonical_name
from app.weights.model_choice import ModelChoice, check_model_aliases, check_translate_model, choose_model

TRANSCRIBE, TRANSLATE = TaskKind.TRANSCRIBE, TaskKind.TRANSLATE


def chosen(
    settings: Settings,
    model: str | None = "base",
    kind: TaskKind = TRANSCRIBE,
    language: str | None = None,
    languages: str = "",
) -> ModelChoice:
    return choose_model(model, kind, language, [languages], settings)


@pytest.mark.parametrize("text", ["Deutsch", "deu", "ger", "de-AT", "немецкий"])
def test_a_language_in_the_clients_words(settings: Settings, text: str) -> None:
    assert chosen(settings, language=text) == ModelChoice("base", "de", ())


@pytest.mark.parametrize(
    ("language", "languages", "script"),
    [
        ("zh", "", None),
        ("Chinese", "", None),
        ("zh-Hant", "", ChineseScript.TRADITIONAL),
        ("zh-TW", "", ChineseScript.TRADITIONAL),
        ("zh-cn", "", ChineseScript.SIMPLIFIED),
        ("Simplified Chinese", "", ChineseScript.SIMPLIFIED),
        ("sr-Latn", "", None),
        (None, "en, zh-Hans", ChineseScript.SIMPLIFIED),
        (None, "en,zh", None),
    ],
)
def test_a_script_in_which_chinese_is_written(
    settings: Settings, language: str | None, languages: str, script: ChineseScript | None
) -> None:
    assert chosen(settings, language=language, languages=languages).script is script


@pytest.mark.parametrize("text", ["auto", " AUTO ", ""])
def test_a_language_that_is_to_be_detected(settings: Settings, text: str) -> None:
    assert chosen(settings, language=text, languages=text) == ModelChoice("base", None, ())


@pytest.mark.parametrize("text", ["de,en", "German, eng", "de,,en,DE", " Deutsch ,English,"])
def test_languages_that_it_may_be(settings: Settings, text: str) -> None:
    assert chosen(settings, languages=text) == ModelChoice("base", None, ("de", "en"))


def test_one_language_that_it_may_be_is_the_language(settings: Settings) -> None:
    assert chosen(settings, languages="Norwegian") == ModelChoice("base", "no", ())
    assert chosen(settings, language="en", languages="de,en") == ModelChoice("base", "en", ())


@pytest.mark.parametrize(
    ("given", "parameter", "words"),
    [
        ({"languages": "de,Germn"}, "languages", r"'Germn'.* nearest are de \(German\)"),
        ({"language": "Germn"}, "language", r"nearest are de \(German\)"),
        ({"language": "ru", "languages": "de,en"}, "languages", "`language` is ru, which is not one of"),
        ({"languages": "de,en", "model": "base.en"}, "languages", "knows English only"),
        ({"language": "de", "model": "distil-small.en"}, "language", "knows English only"),
        ({"language": "yue"}, "language", "does not know Cantonese; large-v3 and turbo do"),
        ({"languages": "zh,Cantonese", "model": "large-v2"}, "languages", "does not know Cantonese"),
        ({"language": "en", "model": "gigaam-v3"}, "language", "'gigaam-v3-e2e-rnnt' knows Russian only"),
        ({"languages": "ru,en", "model": "gigaam-v2-ctc"}, "languages", "knows Russian only"),
        (
            {"language": "ja", "model": "nemo-parakeet-tdt-0.6b-v3"},
            "language",
            "knows Bulgarian, Croatian, .* only",
        ),
        (
            {"model": "nemo-canary-1b-v2"},
            "language",
            "does not detect the language; give `language`, one of: bg,",
        ),
        ({"languages": "de,en", "model": "nemo-canary-1b-v2"}, "language", "does not detect the language"),
    ],
)
def test_what_no_model_can_do(settings: Settings, given: dict[str, str], parameter: str, words: str) -> None:
    with pytest.raises(InvalidParameter, match=words) as raised:
        chosen(settings, **given)  # type: ignore[arg-type]
    assert raised.value.extra["parameter"] == parameter


@pytest.mark.parametrize(
    ("model", "language", "languages"),
    [
        ("gigaam-v3", "Russian", ""),
        ("gigaam-v3", None, ""),
        ("nemo-parakeet-tdt-0.6b-v3", None, "ru,uk"),
        ("nemo-canary-1b-v2", "de", ""),
        ("nemo-canary-1b-v2", None, "de"),
        ("gigaam-multilingual", "kk", ""),
    ],
)
def test_languages_that_a_model_of_onnx_asr_knows(
    settings: Settings, model: str, language: str | None, languages: str
) -> None:
    assert chosen(settings, model, language=language, languages=languages).model == canonical_name(model)


def test_of_the_models_of_onnx_asr_only_canary_translates(settings: Settings) -> None:
    assert chosen(settings, "canary-1b-v2", TRANSLATE, "de").model == "nemo-canary-1b-v2"
    with pytest.raises(InvalidParameter, match="'gigaam-v3-e2e-rnnt' was not trained to translate"):
        chosen(settings, "gigaam-v3", TRANSLATE)


def test_cantonese_where_it_is_known(settings: Settings) -> None:
    for model in ("large-v3", "turbo", "large"):
        assert chosen(settings, model, language="yue").language == "yue"


@pytest.mark.parametrize("model", ["turbo", "large-v3-turbo", "base.en", "tiny.en", "distil-large-v3", None])
def test_a_model_that_was_not_trained_to_translate(
    settings_for: Callable[..., Settings], model: str | None
) -> None:
    """DEFAULT_MODEL, too: it is turbo."""
    with pytest.raises(
        InvalidParameter, match="not trained to translate; choose one of: tiny, base"
    ) as raised:
        chosen(settings_for(), model, TRANSLATE)
    choices = raised.value.extra["choices"]
    assert isinstance(choices, list)
    assert {"tiny", "base", "small", "medium", "large-v2", "large-v3", "large"} <= set(choices)
    assert not [name for name in choices if "turbo" in name or "distil" in name or name.endswith(".en")]

    settings = settings_for(translate_model="Large")
    assert chosen(settings, model, TRANSLATE).model == "large-v3"
    assert chosen(settings, model, TRANSCRIBE).model != "large-v3"


@pytest.mark.parametrize("model", ["tiny", "base", "small", "medium", "large", "large-v2"])
def test_models_that_translate(settings_for: Callable[..., Settings], model: str) -> None:
    settings = settings_for(translate_model="large-v1")
    assert chosen(settings, model, TRANSLATE).model in (model, "large-v3")


def test_a_model_of_the_users_own(settings: Settings) -> None:
    with pytest.raises(UnknownModel):
        chosen(settings, "mine", TRANSLATE)
    for name in ("mine", "my-turbo-ru"):
        folder = settings.cache_dir / "whisper" / name
        folder.mkdir(parents=True)
        (folder / "model.bin").touch()
        (folder / "config.json").touch()
    assert chosen(settings, "mine", TRANSLATE, language="yue") == ModelChoice("mine", "yue", ())
    with pytest.raises(InvalidParameter, match=r"'my-turbo-ru' was not trained to translate.*mine"):
        chosen(settings, "my-turbo-ru", TRANSLATE)


@pytest.mark.parametrize("name", ["turbo", "base.en", "distil-large-v3"])
def test_a_translate_model_that_cannot_translate(settings_for: Callable[..., Settings], name: str) -> None:
    with pytest.raises(SystemExit, match=f"Setting TRANSLATE_MODEL is wrong: '{name}' was not trained"):
        check_translate_model(settings_for(translate_model=name))
    with pytest.raises(
        SystemExit, match="TRANSLATE_MODEL is wrong: There is no model 'mediun'; choose one of"
    ):
        check_translate_model(settings_for(translate_model="mediun"))
    check_translate_model(settings_for(translate_model="medium"))
    check_translate_model(settings_for())


def test_names_of_other_services(settings_for: Callable[..., Settings]) -> None:
    settings = settings_for(default_model="base", model_aliases="Nova-3=turbo, mine=small")
    names = ("whisper-1", "Systran/faster-whisper-medium", "nova-3", "MINE")
    models = [chosen(settings, name).model for name in names]
    assert models == ["base", "medium", "large-v3-turbo", "small"]


def test_an_alias_of_a_model_that_there_is_not(settings_for: Callable[..., Settings]) -> None:
    with pytest.raises(SystemExit, match="MODEL_ALIASES is wrong: of 'mine': There is no model 'mediun'"):
        check_model_aliases(settings_for(model_aliases="mine=mediun"))
    with pytest.raises(ValueError, match="'mine' is not `name=model`"):
        settings_for(model_aliases="mine")
    check_model_aliases(settings_for(model_aliases="mine=medium"))
