"""Models that run on onnx-asr: their names there, where they are published, what they know. Needs no model
runtime."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from app.core.errors import ModelUnavailable

OnnxForm = Literal["float32", "int8"]
"""How the weights of a network are stored: as they were trained, or rounded to 8 bits."""

CONFIG = "config.json"


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model by its files, as onnx-asr looks for them: `?` and `*` stand for what differs between versions.

    `networks` are without form and suffix. Without `config.json` onnx-asr takes its own defaults, which are
    wrong for a model that `needs_config`. One that `is_told_language` detects none, and must be told it.
    """

    repository: str
    languages: tuple[str, ...]
    networks: tuple[str, ...]
    vocabulary: str = "vocab.txt"
    needs_config: bool = True
    is_told_language: bool = False
    translates: bool = False

    def networks_of(self, form: OnnxForm) -> tuple[str, ...]:
        """Patterns of its networks in a form."""
        suffix = "?int8" if form == "int8" else ""
        return tuple(f"{network}{suffix}.onnx" for network in self.networks)

    def needed(self, form: OnnxForm) -> tuple[str, ...]:
        """Patterns of the files without which it does not run."""
        config = (CONFIG,) if self.needs_config else ()
        return (*self.networks_of(form), self.vocabulary, *config)

    def wanted(self, form: OnnxForm) -> tuple[str, ...]:
        """Patterns of all its files: large networks keep their weights in a file beside them."""
        return (*self.needed(form), CONFIG, *(f"{network}?data" for network in self.networks_of(form)))

    def is_whole(self, form: OnnxForm, names: Iterable[str]) -> bool:
        """Whether these files are enough; onnx-asr takes no two that a pattern may mean."""
        listed = list(names)
        return all(sum(fnmatchcase(name, pattern) for name in listed) == 1 for pattern in self.needed(form))


@dataclass(frozen=True, slots=True)
class OnnxWeights:
    """A model in the cache: its folder, in which form it is, and the files that hold its weights."""

    folder: Path
    form: OnnxForm
    files: tuple[Path, ...]


_RUSSIAN, _ENGLISH = ("ru",), ("en",)
_EUROPEAN = (
    *("bg", "hr", "cs", "da", "nl", "en", "et", "fi", "fr", "de", "el", "hu", "it"),
    *("lv", "lt", "mt", "pl", "pt", "ro", "sk", "sl", "es", "sv", "ru", "uk"),
)
"""Languages of Parakeet v3 and Canary v2, by their model cards."""

_TURKIC = ("ru", "kk", "uz", "en")
"""Those of GigaAM Multilingual, by its model card, but Kyrgyz, which Whisper's list of codes lacks."""

_ENCODED = ("encoder-model", "decoder_joint-model")


def _gigaam(version: str, *networks: str, needs_config: bool = True) -> OnnxModel:
    return OnnxModel(
        f"istupakov/gigaam-{version}-onnx", _RUSSIAN, networks, "v?_vocab.txt", needs_config=needs_config
    )


def _gigaam_e2e(kind: str, *parts: str) -> OnnxModel:
    stem = f"v3_e2e_{kind}"
    networks = tuple(f"{stem}{part}" for part in parts)
    return OnnxModel("istupakov/gigaam-v3-onnx", _RUSSIAN, networks, f"{stem}_vocab.txt")


def _gigaam_multilingual(size: str) -> OnnxModel:
    repository = f"istupakov/gigaam-multilingual{size}-ctc-onnx"
    return OnnxModel(repository, _TURKIC, ("multilingual*_ctc",), "multilingual_vocab.txt")


def _fastconformer(*networks: str) -> OnnxModel:
    repository = "istupakov/stt_ru_fastconformer_hybrid_large_pc_onnx"
    return OnnxModel(repository, _RUSSIAN, networks, needs_config=False)


_RNNT = ("v?_rnnt_encoder", "v?_rnnt_decoder", "v?_rnnt_joint")

ONNX_MODELS = MappingProxyType(
    {
        "gigaam-v3-e2e-rnnt": _gigaam_e2e("rnnt", "_encoder", "_decoder", "_joint"),
        "gigaam-v3-e2e-ctc": _gigaam_e2e("ctc", ""),
        "gigaam-v3-rnnt": _gigaam("v3", *_RNNT),
        "gigaam-v3-ctc": _gigaam("v3", "v?_ctc"),
        "gigaam-v2-rnnt": _gigaam("v2", *_RNNT, needs_config=False),
        "gigaam-v2-ctc": _gigaam("v2", "v?_ctc", needs_config=False),
        "gigaam-multilingual-ctc": _gigaam_multilingual(""),
        "gigaam-multilingual-large-ctc": _gigaam_multilingual("-large"),
        "nemo-fastconformer-ru-rnnt": _fastconformer(*_ENCODED),
        "nemo-fastconformer-ru-ctc": _fastconformer("model"),
        "nemo-parakeet-tdt-0.6b-v3": OnnxModel("istupakov/parakeet-tdt-0.6b-v3-onnx", _EUROPEAN, _ENCODED),
        "nemo-parakeet-tdt-0.6b-v2": OnnxModel("istupakov/parakeet-tdt-0.6b-v2-onnx", _ENGLISH, _ENCODED),
        "nemo-parakeet-rnnt-0.6b": OnnxModel(
            "istupakov/parakeet-rnnt-0.6b-onnx", _ENGLISH, _ENCODED, needs_config=False
        ),
        "nemo-parakeet-ctc-0.6b": OnnxModel(
            "istupakov/parakeet-ctc-0.6b-onnx", _ENGLISH, ("model",), needs_config=False
        ),
        "nemo-canary-1b-v2": OnnxModel(
            *("istupakov/canary-1b-v2-onnx", _EUROPEAN, ("encoder-model", "decoder-model")),
            is_told_language=True,
            translates=True,
        ),
    }
)
"""Models by their names in onnx-asr 0.12.0; those whose names hold a slash are left out."""

ONNX_ALIASES = MappingProxyType(
    {
        "gigaam": "gigaam-v3-e2e-rnnt",
        "gigaam-v3": "gigaam-v3-e2e-rnnt",
        "gigaam-v2": "gigaam-v2-rnnt",
        "gigaam-multilingual": "gigaam-multilingual-ctc",
        "stt_ru_fastconformer_hybrid_large_pc": "nemo-fastconformer-ru-rnnt",
        "parakeet-tdt-0.6b-v3": "nemo-parakeet-tdt-0.6b-v3",
        "parakeet-tdt-0.6b-v2": "nemo-parakeet-tdt-0.6b-v2",
        "parakeet-rnnt-0.6b": "nemo-parakeet-rnnt-0.6b",
        "parakeet-ctc-0.6b": "nemo-parakeet-ctc-0.6b",
        "canary-1b-v2": "nemo-canary-1b-v2",
    }
)
"""Second names: those of their makers' repositories, without the owner."""


def forms_of(compute_type: str) -> tuple[OnnxForm, ...]:
    """Forms that a COMPUTE_TYPE allows, the preferred one first. Raises ModelUnavailable where it has none.

    `auto` rounds nothing, unlike Whisper's: int8 costs some of these models much of their accuracy on windows
    as long as ours (https://github.com/istupakov/onnx-asr/issues/126).
    """
    if compute_type in ("auto", "default"):
        return ("float32", "int8")
    if compute_type in ("float32", "int8"):
        return ("float32",) if compute_type == "float32" else ("int8",)
    if compute_type.startswith("int8_"):  # also what is tried on a GPU that has too little memory
        return ("int8", "float32")
    raise ModelUnavailable(
        f"COMPUTE_TYPE={compute_type} is nothing that onnx-asr has; set it to auto, float32 or int8."
    )


def weights_in(folder: Path, model: OnnxModel, forms: Iterable[OnnxForm]) -> OnnxWeights | None:
    """The model in a folder, in the first of these forms that is there."""
    if not folder.is_dir():
        return None
    files = sorted(path for path in folder.iterdir() if path.is_file())
    for form in forms:
        if model.is_whole(form, (path.name for path in files)):
            networks = model.networks_of(form)
            patterns = (*networks, *(f"{network}?data" for network in networks))
            held = (path for path in files if any(fnmatchcase(path.name, each) for each in patterns))
            return OnnxWeights(folder, form, tuple(held))
    return None
