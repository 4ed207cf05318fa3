"""Weights of onnx-asr's models: found in the cache, else fetched, once, however many workers ask. onnx-asr
itself fetches nothing."""

import logging
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from app.core.errors import ModelUnavailable
from app.weights.catalog import canonical_name, find_onnx, weights_folder
from app.weights.files import WeightsError, is_writable, remove
from app.weights.hub import fetch_onnx
from app.weights.onnx_models import ONNX_MODELS, OnnxForm, OnnxWeights

logger = logging.getLogger(__name__)


def ensure_onnx_weights(
    cache_dir: Path,
    name: str,
    forms: Sequence[OnnxForm],
    *,
    downloads: bool,
    endpoint: str | None = None,
) -> OnnxWeights:
    """A model in the first of these forms that lies in the cache, else fetched. Raises ModelUnavailable."""
    found = find_onnx(name, cache_dir, forms)
    if found is not None:
        return found
    name, folder = canonical_name(name), weights_folder(cache_dir)
    try:
        if not downloads:
            raise WeightsError("MODEL_DOWNLOADS is off")
        if not is_writable(folder):
            raise WeightsError(f"the folder {folder.name!r} of CACHE_DIR cannot be written to")
        with FileLock(folder / f".{name}.lock"):
            found = find_onnx(name, cache_dir, forms)  # another worker may have brought it meanwhile
            return found or _fetched(folder, name, forms, endpoint)
    except WeightsError as error:
        files = ", ".join(ONNX_MODELS[name].needed(forms[0]))
        raise ModelUnavailable(
            f"The model {name!r} could not be had ({error}): put its files ({files}) into "
            f"{cache_dir.name}/{folder.name}/{name}/, or choose another model."
        ) from error


def _fetched(folder: Path, name: str, forms: Sequence[OnnxForm], endpoint: str | None) -> OnnxWeights:
    """Fetch a model beside what its folder may hold already: the other form, or a part of it."""
    part = folder / f".{name}.onnx.part"
    fetch_onnx(name, forms, part, endpoint=endpoint)
    target = folder / name
    target.mkdir(exist_ok=True)
    # networks last: until they are there nobody takes the model for whole
    for file in sorted(part.iterdir(), key=lambda file: file.suffix == ".onnx"):
        remove(target / file.name)
        file.replace(target / file.name)
    remove(part)
    found = find_onnx(name, folder.parent, forms)
    if found is None:
        raise WeightsError(f"the folder {name!r} holds several files where one is expected")
    logger.info("Model %s is in the cache now", name)
    return found
