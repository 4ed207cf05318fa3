"""Reads openai-whisper's `.pt` files into numpy, without torch and without running what a pickle asks for."""

import pickle
import zipfile
from collections import OrderedDict
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.weights.files import WeightsError

Array = NDArray[Any]

_STORAGE_TYPES = {"FloatStorage": "<f4", "HalfStorage": "<f2", "LongStorage": "<i8", "IntStorage": "<i4"}


@dataclass(frozen=True, slots=True)
class Dimensions:
    """Size of a model, in openai-whisper's words (`whisper.model.ModelDimensions`)."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a `.pt` file holds."""

    dimensions: Dimensions
    weights: dict[str, Array]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a `.pt` file as openai-whisper writes them. Raises WeightsError."""
    try:
        content = _unpickled(path)
        return Checkpoint(Dimensions(**content["dims"]), dict(content["model_state_dict"]))
    except Exception as error:  # pickle and zip raise whatever a broken file leads them to
        raise WeightsError(f"{path.name} is no checkpoint of openai-whisper ({error})") from error


def read_tensors(path: Path) -> dict[str, Array]:
    """Read a `.pt` file that holds nothing but tensors by name. Raises WeightsError."""
    try:
        return dict(_unpickled(path))
    except Exception as error:  # as above
        raise WeightsError(f"{path.name} is no file of tensors ({error})") from error


def _unpickled(path: Path) -> Any:
    with zipfile.ZipFile(path) as archive:
        pickled = next(name for name in archive.namelist() if name.endswith("/data.pkl"))
        return _Unpickler(archive, pickled.removesuffix("data.pkl")).load()


class _Unpickler(pickle.Unpickler):
    """Knows the few names that tensors need; every other name in the pickle is refused."""

    def __init__(self, archive: zipfile.ZipFile, root: str) -> None:
        super().__init__(BytesIO(archive.read(f"{root}data.pkl")))
        self._archive = archive
        self._root = root

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _rebuild_tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _rebuild_parameter
        if module == "torch" and name in _STORAGE_TYPES:
            return np.dtype(_STORAGE_TYPES[name])
        raise pickle.UnpicklingError(f"it names {module}.{name}, which no checkpoint needs")

    def persistent_load(self, pid: Any) -> Array:
        kind, dtype, key, _location, _count = pid
        if kind != "storage" or not str(key).isdigit():
            raise pickle.UnpicklingError("unknown kind of storage")
        return np.frombuffer(self._archive.read(f"{self._root}data/{key}"), dtype=dtype)


def _rebuild_tensor(
    storage: Array, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
) -> Array:
    last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
    if offset < 0 or min(stride, default=0) < 0 or last >= len(storage):
        raise pickle.UnpicklingError("a tensor reaches beyond its storage")
    strides = tuple(step * storage.itemsize for step in stride)
    view = np.lib.stride_tricks.as_strided(storage[offset:], shape=size, strides=strides, writeable=False)
    return np.ascontiguousarray(view)


def _rebuild_parameter(data: Array, *_: object) -> Array:
    return data
