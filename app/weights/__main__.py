"""`python -m app.weights get NAME` and `list`: the model cache by hand."""

import logging
from collections.abc import Iterator
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from app.core.config import Settings
from app.core.errors import ServiceError
from app.core.startup import read_settings
from app.weights.catalog import (
    CACHE_FOLDERS,
    available_models,
    find_ct2,
    find_onnx,
    find_pt,
    resolve_model,
)
from app.weights.onnx_models import ONNX_MODELS, forms_of
from app.weights.onnx_store import ensure_onnx_weights
from app.weights.progress import size_of
from app.weights.speakers import NAME as SPEAKERS
from app.weights.speakers import ensure_speaker_weights, find_speaker_weights
from app.weights.store import WeightStore


class EngineName(StrEnum):
    """Engines that weights of Whisper can be fetched for; other models have but one."""

    FASTER_WHISPER = "faster-whisper"
    OPENAI_WHISPER = "openai-whisper"


app = typer.Typer(help="Weights in the cache.", no_args_is_help=True, add_completion=False)


@app.command()
def get(
    name: Annotated[str, typer.Argument(help="Model, e.g. small or turbo; speakers: to tell them apart.")],
    engine: Annotated[EngineName, typer.Option(help="Engine that will use it.")] = EngineName.FASTER_WHISPER,
) -> None:
    """Have a model ready in the cache: fetched or converted where needed."""
    settings = read_settings()
    console = Console(stderr=True)
    logging.basicConfig(
        level="INFO", format="%(message)s", handlers=[RichHandler(console=console, show_path=False)]
    )
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        model, path = _ensure(name, engine, settings)
    except ServiceError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(1) from error
    console.print(f"{model} is ready: {path} ({size_of(path) / 1e6:.0f} MB)", markup=False, soft_wrap=True)
    for need in _needs(model, settings):
        console.print(f"{model} needs {need}", style="yellow", markup=False, soft_wrap=True)


def _needs(model: str, settings: Settings) -> Iterator[str]:
    """What is missing here for a model to run, beside its weights."""
    if model not in ONNX_MODELS:
        return
    if settings.engine not in ("auto", "onnx-asr"):
        yield f"ENGINE=auto or ENGINE=onnx-asr; it is {settings.engine} here."
    if find_spec("onnx_asr") is None:
        yield "packages that are not installed here: pip install -r requirements/onnx-asr.txt"


def _ensure(name: str, engine: EngineName, settings: Settings) -> tuple[str, Path]:
    """The canonical name of a model, and where it lies. Raises UnknownModel or ModelUnavailable."""
    cache_dir = settings.cache_dir
    if name == SPEAKERS:
        return name, ensure_speaker_weights(cache_dir, downloads=True)
    model = resolve_model(name, cache_dir)
    if model in ONNX_MODELS:
        forms = forms_of(settings.compute_type)
        return model, ensure_onnx_weights(cache_dir, model, forms, downloads=True).folder
    store = WeightStore(cache_dir, downloads=True)
    is_default = engine is EngineName.FASTER_WHISPER
    return model, store.ensure_ct2(model) if is_default else store.ensure_openai(model)


@app.command("list")
def list_models() -> None:
    """All models, and which of them lie in the cache."""
    settings = read_settings()
    table = Table("model", "format", "size", "where")
    for name in available_models(settings.cache_dir):
        forms = {
            "CTranslate2": find_ct2(name, settings.cache_dir),
            "openai .pt": find_pt(name, settings.cache_dir),
        }
        onnx = find_onnx(name, settings.cache_dir)
        if onnx is not None:
            forms["ONNX"] = onnx.folder
        found = {label: path for label, path in forms.items() if path is not None}
        for label, path in found.items():
            table.add_row(name, label, f"{size_of(path) / 1e6:.0f} MB", str(path))
        if not found:
            table.add_row(name, "", "", "to be fetched", style="dim")
    speakers = find_speaker_weights(settings.cache_dir)
    if speakers is None:
        table.add_row(SPEAKERS, "", "", "to be fetched", style="dim")
    else:
        table.add_row(SPEAKERS, "ONNX", f"{size_of(speakers) / 1e6:.0f} MB", str(speakers))
    console = Console()
    console.print(table)
    console.print(f"Cache: {settings.cache_dir / CACHE_FOLDERS[0]}", markup=False, soft_wrap=True)


if __name__ == "__main__":
    app()
