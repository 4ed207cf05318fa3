"""Which model and which languages a task gets, and what no model can do for it."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.config import Settings
from app.core.errors import InvalidParameter, UnknownModel
from app.core.languages import LANGUAGES, parse_language
from app.core.scripts import CHINESE, ChineseScript, script_of
from app.schemas.task import TaskKind
from app.weights.aliases import local_name
from app.weights.catalog import (
    ALIASES,
    available_models,
    can_translate,
    canonical_name,
    is_english_only,
    is_told_language,
    knows_cantonese,
    languages_of,
    resolve_model,
)

DETECT = "auto"
"""What clients write for a language that is to be detected."""


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A canonical name of a model; the code of the language, or those that detection chooses among.

    Without either, detection chooses among all. `script` is that in which Chinese is to be written, if one
    was named.
    """

    model: str
    language: str | None
    languages: tuple[str, ...]
    script: ChineseScript | None = None


def choose_model(
    model: str | None, kind: TaskKind, language: str | None, languages: Iterable[str], settings: Settings
) -> ModelChoice:
    """What is done where a client names a model (or none) and languages (or none) in its own words.

    Raises UnknownModel, InvalidParameter.
    """
    name = named_model(model, settings) if model else canonical_name(settings.default_model)
    if kind is TaskKind.TRANSLATE:
        name = _translating(name, settings)
    listed = _listed(languages)
    spoken = parse_language(language) if language and language.strip().lower() != DETECT else None
    among = tuple(dict.fromkeys(parse_language(each, "languages") for each in listed))
    script = _script([language] if spoken is not None and language else listed)
    if spoken is not None and among and spoken not in among:
        raise InvalidParameter(
            f"`language` is {spoken}, which is not one of the `languages` ({', '.join(among)}); give one of "
            "the two.",
            parameter="languages",
        )
    if len(among) == 1:
        spoken = among[0]
    choice = ModelChoice(name, spoken, () if spoken is not None else among, script)
    _check_known(choice)
    return choice


def named_model(name: str, settings: Settings) -> str:
    """Canonical name of the model that a client named in its own words. Raises UnknownModel."""
    own = settings.own_model_names
    return resolve_model(
        local_name(name, settings.default_model, own, settings.cache_dir), settings.cache_dir
    )


def check_model_aliases(settings: Settings) -> None:
    """Raises SystemExit with a sentence where MODEL_ALIASES leads to a model that there is not."""
    for alias, target in settings.own_model_names.items():
        try:
            resolve_model(target, settings.cache_dir)
        except UnknownModel as error:
            raise SystemExit(
                f"Setting MODEL_ALIASES is wrong: of {alias!r}: {error.detail.removesuffix('.')}; correct it "
                "in `.env` or the environment."
            ) from error


def check_translate_model(settings: Settings) -> None:
    """Raises SystemExit with a sentence where TRANSLATE_MODEL cannot do what it is for."""
    name = settings.translate_model
    if name is None:
        return
    try:
        able = can_translate(resolve_model(name, settings.cache_dir))
        reason = f"{name!r} was not trained to translate; choose another, such as small, medium or large"
    except UnknownModel as error:
        able, reason = False, error.detail.removesuffix(".")
    if not able:
        raise SystemExit(
            f"Setting TRANSLATE_MODEL is wrong: {reason}; correct it in `.env` or the environment."
        )


def _translating(name: str, settings: Settings) -> str:
    """The model, or the one that takes its place. Raises InvalidParameter where there is none."""
    if can_translate(name):
        return name
    if settings.translate_model is not None:
        return canonical_name(settings.translate_model)
    choices = [each for each in (*available_models(settings.cache_dir), *ALIASES) if can_translate(each)]
    raise InvalidParameter(
        f"The model {name!r} was not trained to translate; choose one of: {', '.join(choices)} (or have "
        "TRANSLATE_MODEL set on the server).",
        parameter="model",
        choices=choices,
    )


def _listed(languages: Iterable[str]) -> list[str]:
    """Single languages of lists such as `de, en`."""
    words = (word.strip() for text in languages for word in text.split(","))
    return [word for word in words if word and word.lower() != DETECT]


def _script(named: Iterable[str]) -> ChineseScript | None:
    """The script of the first Chinese that names one."""
    scripts = (script_of(each) for each in named if parse_language(each) in CHINESE)
    return next(filter(None, scripts), None)


def _check_known(choice: ModelChoice) -> None:
    """Raises InvalidParameter for a language in which the model would write nonsense."""
    wanted = choice.languages if choice.language is None else (choice.language,)
    parameter = "languages" if choice.language is None else "language"
    if is_english_only(choice.model) and any(each != "en" for each in wanted):
        raise InvalidParameter(
            f"The model {choice.model!r} knows English only; choose one without `.en` in its name.",
            parameter=parameter,
        )
    known = languages_of(choice.model)
    if known is not None and any(each not in known for each in wanted):
        raise InvalidParameter(
            f"The model {choice.model!r} knows {_named(known)} only; choose another.",
            parameter=parameter,
            choices=list(known),
        )
    if known is not None and choice.language is None and is_told_language(choice.model):
        raise InvalidParameter(
            f"The model {choice.model!r} does not detect the language; give `language`, one of: "
            f"{', '.join(known)}.",
            parameter="language",
            choices=list(known),
        )
    if "yue" in wanted and not knows_cantonese(choice.model):
        raise InvalidParameter(
            f"The model {choice.model!r} does not know {LANGUAGES['yue'].title()}; large-v3 and turbo do.",
            parameter=parameter,
        )


def _named(languages: Iterable[str]) -> str:
    """`English, Russian`."""
    return ", ".join(LANGUAGES[each].title() for each in languages)
