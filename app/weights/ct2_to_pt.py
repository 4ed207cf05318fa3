"""A CTranslate2 folder to openai-whisper's `.pt`; needs torch, which openai-whisper brings."""

import struct
from collections.abc import Callable
from dataclasses import asdict
from os import SEEK_CUR
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np

from app.weights.checkpoint import Array, Checkpoint, Dimensions
from app.weights.files import WeightsError

BINARY_VERSION = 6
"""Version of CTranslate2's file format that is read here (little-endian throughout)."""

_TYPES = ("<f4", "i1", "<i2", "<i4", "<f2")


T = TypeVar("T")


def convert(folder: Path, file: Path) -> None:
    """Write the model in `folder` as a `.pt` file. Raises WeightsError."""
    import torch

    checkpoint = to_checkpoint(read_variables(folder / "model.bin"))
    tensors = {
        name: torch.from_numpy(np.array(array, np.float16)) for name, array in checkpoint.weights.items()
    }
    torch.save({"dims": asdict(checkpoint.dimensions), "model_state_dict": tensors}, file)


def read_variables(path: Path) -> dict[str, Array]:
    """All variables of a `model.bin`, aliases too. Raises WeightsError."""
    return _read(path, _variable)


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Their shapes alone: the weights, some gigabytes, are passed over. Raises WeightsError."""
    return _read(path, _shape)


def _read(path: Path, variable: Callable[[BinaryIO], tuple[str, T]]) -> dict[str, T]:
    try:
        with path.open("rb") as file:
            (version,) = _unpack(file, "<I")
            if version != BINARY_VERSION:
                raise WeightsError(f"{path.name} has format version {version}, not {BINARY_VERSION}")
            if (name := _string(file)) != "WhisperSpec":
                raise WeightsError(f"{path.name} holds a {name}, not a Whisper model")
            _revision, count = _unpack(file, "<II")
            variables = dict(variable(file) for _ in range(count))
            (aliases,) = _unpack(file, "<I")
            for _ in range(aliases):
                alias, target = _string(file), _string(file)
                variables[alias] = variables[target]
            return variables
    except (struct.error, ValueError, KeyError, IndexError) as error:
        raise WeightsError(f"{path.name} is damaged ({error})") from error


def to_checkpoint(variables: dict[str, Array]) -> Checkpoint:
    """The same weights under openai-whisper's names. Raises WeightsError where they are quantised."""
    if any(array.dtype == np.int8 and array.ndim > 1 for array in variables.values()):
        raise WeightsError("its weights are quantised to int8, from which no .pt file can be made")
    try:
        return _Renamer(variables).checkpoint()
    except KeyError as error:
        raise WeightsError(f"the weight {error} is missing") from error


class _Renamer:
    def __init__(self, variables: dict[str, Array]) -> None:
        self._source = variables
        self._weights: dict[str, Array] = {}

    def checkpoint(self) -> Checkpoint:
        for name in ("conv1", "conv2"):
            self._pair(f"encoder/{name}", f"encoder.{name}")
        for side, norm in (("encoder", "ln_post"), ("decoder", "ln")):
            self._weights[f"{side}.positional_embedding"] = self._source[
                f"{side}/position_encodings/encodings"
            ]
            self._norm(f"{side}/layer_norm", f"{side}.{norm}")
            for number in range(self._layers(side)):
                self._block(f"{side}/layer_{number}", f"{side}.blocks.{number}", cross=side == "decoder")
        self._weights["decoder.token_embedding.weight"] = self._source["decoder/embeddings/weight"]
        return Checkpoint(self._dimensions(), self._weights)

    def _dimensions(self) -> Dimensions:
        audio_ctx, audio_state = self._source["encoder/position_encodings/encodings"].shape
        text_ctx, text_state = self._source["decoder/position_encodings/encodings"].shape
        return Dimensions(
            n_mels=self._source["encoder/conv1/weight"].shape[1],
            n_audio_ctx=audio_ctx,
            n_audio_state=audio_state,
            n_audio_head=int(self._source["encoder/num_heads"]),
            n_audio_layer=self._layers("encoder"),
            n_vocab=self._source["decoder/embeddings/weight"].shape[0],
            n_text_ctx=text_ctx,
            n_text_state=text_state,
            n_text_head=int(self._source["decoder/num_heads"]),
            n_text_layer=self._layers("decoder"),
        )

    def _layers(self, side: str) -> int:
        prefix = f"{side}/layer_"
        numbers = (
            name.removeprefix(prefix).split("/")[0] for name in self._source if name.startswith(prefix)
        )
        return 1 + max(int(number) for number in numbers if number.isdigit())

    def _block(self, source: str, target: str, *, cross: bool) -> None:
        self._norm(f"{source}/self_attention/layer_norm", f"{target}.attn_ln")
        self._split(f"{source}/self_attention/linear_0", f"{target}.attn", ("query", "key", "value"))
        self._pair(f"{source}/self_attention/linear_1", f"{target}.attn.out")
        if cross:
            self._norm(f"{source}/attention/layer_norm", f"{target}.cross_attn_ln")
            self._pair(f"{source}/attention/linear_0", f"{target}.cross_attn.query")
            self._split(f"{source}/attention/linear_1", f"{target}.cross_attn", ("key", "value"))
            self._pair(f"{source}/attention/linear_2", f"{target}.cross_attn.out")
        self._norm(f"{source}/ffn/layer_norm", f"{target}.mlp_ln")
        self._pair(f"{source}/ffn/linear_0", f"{target}.mlp.0")
        self._pair(f"{source}/ffn/linear_1", f"{target}.mlp.2")

    def _norm(self, source: str, target: str) -> None:
        self._weights[f"{target}.weight"] = self._source[f"{source}/gamma"]
        self._weights[f"{target}.bias"] = self._source[f"{source}/beta"]

    def _pair(self, source: str, target: str) -> None:
        for name in ("weight", "bias"):
            self._weights[f"{target}.{name}"] = self._source[f"{source}/{name}"]

    def _split(self, source: str, target: str, parts: tuple[str, ...]) -> None:
        weights = np.split(self._source[f"{source}/weight"], len(parts))
        biases = np.split(self._source[f"{source}/bias"], len(parts))
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            self._weights[f"{target}.{part}.weight"] = weight
            if part != "key":  # openai's keys have no bias
                self._weights[f"{target}.{part}.bias"] = bias


def _unpack(file: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


def _string(file: BinaryIO) -> str:
    (length,) = _unpack(file, "<H")
    return file.read(length).removesuffix(b"\0").decode()


def _variable(file: BinaryIO) -> tuple[str, Array]:
    name, shape, kind, length = _header(file)
    data = np.frombuffer(file.read(length), dtype=_TYPES[kind])
    return name, data.reshape(shape)


def _shape(file: BinaryIO) -> tuple[str, tuple[int, ...]]:
    name, shape, _, length = _header(file)
    file.seek(length, SEEK_CUR)
    return name, shape


def _header(file: BinaryIO) -> tuple[str, tuple[int, ...], int, int]:
    """Name, shape, type and bytes of the variable that follows."""
    name = _string(file)
    (rank,) = _unpack(file, "<B")
    shape = _unpack(file, f"<{rank}I")
    kind, length = _unpack(file, "<BI")
    return name, shape, kind, length
