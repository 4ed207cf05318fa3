"""The weights of this project's cache in whisper.cpp's format (ggml, half precision), for comparing with it.

The format, all numbers little-endian: a magic number and the dimensions; the mel filters; the tokens without
special ones; then each tensor with its rank, name, type and shape (innermost first). Biases, norms and
positions are single precision, as whisper.cpp's own conversion leaves them.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.core.errors import ModelUnavailable
from app.weights import ct2_to_pt
from app.weights.checkpoint import Array, Checkpoint
from app.weights.files import WeightsError, staged
from app.weights.vocabulary import ENGLISH_SIZE, read_vocabulary

MAGIC = 0x67676D6C
HALF, SINGLE = 1, 0
ENGLISH_TOKENS, MULTILINGUAL_TOKENS = 50_256, 50_257
"""Tokens that are text, in both vocabularies; whisper.cpp knows the special ones by their places."""

SINGLE_NAMES = frozenset(
    {
        "encoder.conv1.bias",
        "encoder.conv2.bias",
        "encoder.positional_embedding",
        "decoder.positional_embedding",
    }
)


def ensure_ggml(folder: Path) -> Path:
    """A file beside the CTranslate2 model in `folder`, made once. Raises ModelUnavailable."""
    path = folder.with_name(f"{folder.name}.ggml")  # in the folder it would change the model's digest
    if path.is_file():
        return path
    vocabulary = read_vocabulary(folder)
    if vocabulary is None:
        raise ModelUnavailable(f"{folder.name} lacks its tokenizer, which whisper.cpp needs.")
    try:
        checkpoint = ct2_to_pt.to_checkpoint(ct2_to_pt.read_variables(folder / "model.bin"))
        with staged(path) as part, part.open("wb") as file:
            write_ggml(file, checkpoint, vocabulary.tokens)
    except WeightsError as error:
        raise ModelUnavailable(f"{folder.name} cannot be converted for whisper.cpp: {error}.") from error
    return path


def write_ggml(file: BinaryIO, checkpoint: Checkpoint, tokens: tuple[str, ...]) -> None:
    """Write a model; `tokens` as the byte-level vocabulary spells them."""
    size = checkpoint.dimensions
    header = (
        *(MAGIC, size.n_vocab, size.n_audio_ctx, size.n_audio_state, size.n_audio_head, size.n_audio_layer),
        *(size.n_text_ctx, size.n_text_state, size.n_text_head, size.n_text_layer, size.n_mels, HALF),
    )
    file.write(struct.pack("<12i", *header))
    filters = _mel_filters(size.n_mels)
    file.write(struct.pack("<2i", *filters.shape) + filters.tobytes())
    texts = tokens[: ENGLISH_TOKENS if size.n_vocab == ENGLISH_SIZE else MULTILINGUAL_TOKENS]
    file.write(struct.pack("<i", len(texts)))
    letters = _letters()
    for token in texts:
        content = bytes(letters[letter] for letter in token)
        file.write(struct.pack("<i", len(content)) + content)
    for name, array in checkpoint.weights.items():
        _write_tensor(file, name, array)


def _write_tensor(file: BinaryIO, name: str, array: Array) -> None:
    shaped = array.reshape(-1, 1) if name in ("encoder.conv1.bias", "encoder.conv2.bias") else array
    is_single = shaped.ndim < 2 or name in SINGLE_NAMES
    data = np.ascontiguousarray(shaped, "<f4" if is_single else "<f2")
    encoded = name.encode()
    file.write(struct.pack("<3i", data.ndim, len(encoded), SINGLE if is_single else HALF))
    file.write(struct.pack(f"<{data.ndim}i", *reversed(data.shape)))
    file.write(encoded + data.tobytes())


def _mel_filters(count: int) -> Array:
    from faster_whisper.feature_extractor import FeatureExtractor

    filters: Array = FeatureExtractor(feature_size=count).mel_filters
    return np.ascontiguousarray(filters, "<f4")


def _letters() -> dict[str, int]:
    """The byte that each letter of the byte-level vocabulary stands for (GPT-2's encoder).

    Printable bytes stand for themselves, the others for letters from 256 on, in order.
    """
    printable = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = (byte for byte in range(256) if byte not in printable)
    return {chr(byte): byte for byte in printable} | dict(_numbered(others))


def _numbered(others: Iterator[int]) -> Iterator[tuple[str, int]]:
    for place, byte in enumerate(others):
        yield chr(256 + place), byte
