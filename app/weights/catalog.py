"""Which models there are: the names, their aliases, and what lies in the cache. Needs no model runtime."""

import re
from collections.abc import Iterable
from pathlib import Path
from types import MappingProxyType

from app.core.errors import UnknownModel
from app.weights.onnx_models import ONNX_ALIASES, ONNX_MODELS, OnnxForm, OnnxWeights, weights_in

HUB_REPOSITORIES = MappingProxyType(
    {
        "tiny": "Systran/faster-whisper-tiny",
        "tiny.en": "Systran/faster-whisper-tiny.en",
        "base": "Systran/faster-whisper-base",
        "base.en": "Systran/faster-whisper-base.en",
        "small": "Systran/faster-whisper-small",
        "small.en": "Systran/faster-whisper-small.en",
        "medium": "Systran/faster-whisper-medium",
        "medium.en": "Systran/faster-whisper-medium.en",
        "large-v1": "Systran/faster-whisper-large-v1",
        "large-v2": "Systran/faster-whisper-large-v2",
        "large-v3": "Systran/faster-whisper-large-v3",
        "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
        "distil-small.en": "Systran/faster-distil-whisper-small.en",
        "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
        "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
        "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
        "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
    }
)
"""Known models and where faster-whisper 1.2.1 (`faster_whisper.utils._MODELS`) takes them from."""

ALIASES = MappingProxyType({"large": "large-v3", "turbo": "large-v3-turbo"})
"""Second names, as in OpenAI's list."""

CACHE_FOLDERS = ("whisper", "wisper")
"""Folders of CACHE_DIR that hold weights, in order; users have spelt it both ways."""

ONNX_FORMS: tuple[OnnxForm, ...] = ("float32", "int8")

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def canonical_name(name: str) -> str:
    """The name a model is known by: `turbo` gives `large-v3-turbo`; an unknown name is returned as it is."""
    known = name.strip().lower()
    known = ALIASES.get(known) or ONNX_ALIASES.get(known, known)
    return known if is_known(known) else name.strip()


def is_known(name: str) -> bool:
    """Whether it is the canonical name of a model that can be fetched."""
    return name in HUB_REPOSITORIES or name in ONNX_MODELS


def is_english_only(name: str) -> bool:
    """Whether a model of Whisper's kind was trained on English alone, by its name."""
    return name.endswith(".en")


def languages_of(name: str) -> tuple[str, ...] | None:
    """Codes of the languages that a model knows; None: all of Whisper's."""
    if name in ONNX_MODELS:
        return ONNX_MODELS[name].languages
    return ("en",) if is_english_only(name) else None


def is_told_language(name: str) -> bool:
    """Whether a model detects no language, and must be told it."""
    return name in ONNX_MODELS and ONNX_MODELS[name].is_told_language


def can_translate(name: str) -> bool:
    """Whether a model was trained to translate, of Whisper's kind by its name.

    English models, the distilled ones and turbo were not: told to translate, they write down what is said.
    """
    if name in ONNX_MODELS:
        return ONNX_MODELS[name].translates
    return not is_english_only(name) and not any(word in name.lower() for word in ("turbo", "distil"))


def knows_cantonese(name: str) -> bool:
    """Whether a model has a token for Cantonese: large-v3 brought it. Of unknown models that is believed."""
    return not is_known(name) or "large-v3" in name


def names_of(name: str) -> tuple[str, ...]:
    """Every name under which the weights of a model may lie in the cache, the canonical one first."""
    canonical = canonical_name(name)
    aliases = {**ALIASES, **ONNX_ALIASES}
    return (canonical, *(alias for alias, target in aliases.items() if target == canonical))


def is_ct2_folder(path: Path) -> bool:
    """Whether a folder holds a model in CTranslate2's format."""
    return (path / "model.bin").is_file() and (path / "config.json").is_file()


def find_ct2(name: str, cache_dir: Path) -> Path | None:
    """Folder of a model in CTranslate2's format in the cache."""
    candidates = (folder / alias for folder in _folders(cache_dir) for alias in names_of(name))
    return next((path for path in candidates if is_ct2_folder(path)), None)


def find_pt(name: str, cache_dir: Path) -> Path | None:
    """File of a model in openai-whisper's format in the cache."""
    candidates = (folder / f"{alias}.pt" for folder in _folders(cache_dir) for alias in names_of(name))
    return next((path for path in candidates if path.is_file()), None)


def find_onnx(name: str, cache_dir: Path, forms: Iterable[OnnxForm] = ONNX_FORMS) -> OnnxWeights | None:
    """A model of onnx-asr in the cache, in the first of these forms that lies there."""
    model = ONNX_MODELS.get(canonical_name(name))
    if model is None:
        return None
    candidates = [folder / alias for folder in _folders(cache_dir) for alias in names_of(name)]
    found = (weights_in(path, model, (form,)) for form in forms for path in candidates)
    return next(filter(None, found), None)


def cached_models(cache_dir: Path) -> list[str]:
    """Canonical names of the models whose weights lie in the cache, in any format."""
    names = set()
    for folder in _folders(cache_dir):
        for path in folder.iterdir() if folder.is_dir() else ():
            name = path.stem if path.suffix == ".pt" and path.is_file() else path.name
            if _NAME.fullmatch(name) and (path.suffix == ".pt" or _holds_model(path)):
                names.add(canonical_name(name))
    return sorted(names)


def available_models(cache_dir: Path) -> list[str]:
    """Canonical names of the known models and of those that only the cache holds."""
    own = (name for name in cached_models(cache_dir) if not is_known(name))
    return [*HUB_REPOSITORIES, *ONNX_MODELS, *own]


def resolve_model(name: str, cache_dir: Path) -> str:
    """Canonical name of a model that a request named. Raises UnknownModel, naming the choices."""
    canonical = canonical_name(name)
    choices = available_models(cache_dir)
    if canonical in choices:
        return canonical
    names = [*choices, *ALIASES]
    raise UnknownModel(f"There is no model {name[:60]!r}; choose one of: {', '.join(names)}.", choices=names)


def weights_folder(cache_dir: Path) -> Path:
    """Where new weights go: the first of the two spellings that exists."""
    folders = _folders(cache_dir)
    return next((folder for folder in folders if folder.is_dir()), folders[0])


def _folders(cache_dir: Path) -> tuple[Path, ...]:
    return tuple(cache_dir / folder for folder in CACHE_FOLDERS)


def _holds_model(folder: Path) -> bool:
    """Whether a folder holds weights: CTranslate2's, or those of the onnx-asr model whose name it has."""
    model = ONNX_MODELS.get(canonical_name(folder.name))
    return weights_in(folder, model, ONNX_FORMS) is not None if model else is_ct2_folder(folder)
