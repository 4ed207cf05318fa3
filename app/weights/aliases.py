"""Names that other services have for models, and the model of this service that each stands for.

Clients written for OpenAI, Groq, faster-whisper-server or Speaches send the names of those services.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from app.weights.catalog import ALIASES, HUB_REPOSITORIES, available_models, canonical_name, is_known
from app.weights.onnx_models import ONNX_ALIASES, ONNX_MODELS

OPENAI_MODELS = (
    *("whisper-1", "gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"),
    "gpt-4o-transcribe-diarize",
)
"""OpenAI's own models, none of which can be had elsewhere: they stand for DEFAULT_MODEL."""

GROQ_MODELS = MappingProxyType({"whisper-large-v3": "large-v3", "whisper-large-v3-turbo": "large-v3-turbo"})
"""Groq's names, which other hosts of Whisper have taken over: listed, since clients ask the list first."""

_OPENAI = re.compile(r"(whisper-1|gpt-(4o-)?(mini-)?transcribe(-diarize)?)(-\d{4}-\d{2}-\d{2}|-latest)?")
_OWNER = re.compile(r"[a-z0-9][a-z0-9._-]*/(?=[a-z0-9])")
_WRAPPING = re.compile(
    r"(?P<before>(ggml-|faster-)?)(?P<distil>distil-)?(whisper-)?(?P<size>[a-z0-9._-]+?)"
    r"(?P<after>(-ct2|[-_]onnx|-(int8|float16|fp16|float32|q\d(_\d|_k)?)|-en|\.bin)*)"
)
"""`faster-distil-whisper-large-v3-ct2-int8`: what converters put around the name of a model."""


def local_name(name: str, default_model: str, own: Mapping[str, str], cache_dir: Path) -> str:
    """The name by which this service knows the model that a client named in another service's words.

    Own aliases (MODEL_ALIASES, in small letters) come first, then the models that there are, then OpenAI's
    names, then ids of the Hugging Face Hub and their like. A name that means nothing is returned as it is.
    """
    asked = name.strip().lower()
    if asked in own:
        return own[asked]
    if canonical_name(name) in available_models(cache_dir):
        return name
    unowned = _OWNER.sub("", asked, count=1)
    if _OPENAI.fullmatch(unowned):
        return default_model
    return next((each for each in _unwrapped(unowned) if is_known(canonical_name(each))), name)


def other_names(model: str, default_model: str, own: Mapping[str, str]) -> list[str]:
    """Names that stand for a model, its own left out: those that a list of models may tell."""
    openai = dict.fromkeys(OPENAI_MODELS, default_model)
    listed = {**ALIASES, **ONNX_ALIASES, **GROQ_MODELS, **openai, **own}
    names = [name for name, target in listed.items() if canonical_name(target) == model and name != model]
    return [*names, *_repository(model)]


def _repository(model: str) -> list[str]:
    """Its repository on the hub, unless that has several models, of which it stands for another one."""
    if model not in ONNX_MODELS:
        return [HUB_REPOSITORIES[model]] if model in HUB_REPOSITORIES else []
    repository = ONNX_MODELS[model].repository
    meant = (canonical_name(each) for each in _unwrapped(_OWNER.sub("", repository, count=1)))
    return [repository] if model in meant else []


def _unwrapped(name: str) -> Iterator[str]:
    """Names of models that may be inside the name of a repository or file, the likeliest first."""
    match = _WRAPPING.fullmatch(name)
    if match is None:
        return
    size = f"{match['distil'] or ''}{match['size']}"
    if match["distil"] and match["after"].startswith("-en"):
        yield f"{size}.en"  # `distil-whisper-medium-en`; of large ones only that name exists
    yield size
