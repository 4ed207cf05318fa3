"""A model in whisper.cpp's format, read back as whisper.cpp reads it."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.core.errors import ModelUnavailable
from app.weights.checkpoint import Checkpoint, Dimensions
from benchmark.engine.ggml import MAGIC, ensure_ggml, write_ggml

SIZE = Dimensions(
    n_mels=80,
    n_audio_ctx=4,
    n_audio_state=2,
    n_audio_head=1,
    n_audio_layer=1,
    n_vocab=51_865,
    n_text_ctx=3,
    n_text_state=2,
    n_text_head=1,
    n_text_layer=1,
)
WEIGHTS: dict[str, Any] = {
    "encoder.conv1.weight": np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    "encoder.conv1.bias": np.array([1, 2], np.float32),
    "encoder.positional_embedding": np.ones((4, 2), np.float32),
    "decoder.ln.weight": np.array([3, 4], np.float16),
}


def _ints(file: io.BytesIO, count: int) -> tuple[int, ...]:
    return struct.unpack(f"<{count}i", file.read(4 * count))


@pytest.fixture
def file() -> io.BytesIO:
    written = io.BytesIO()
    tokens = ("!", "Ġthe", "Ð°", *(f"t{number}" for number in range(50_260)))
    write_ggml(written, Checkpoint(SIZE, WEIGHTS), tokens)
    written.seek(0)
    return written


def test_the_file_is_what_whisper_cpp_reads(file: io.BytesIO) -> None:
    assert _ints(file, 12) == (MAGIC, 51_865, 4, 2, 1, 1, 3, 2, 1, 1, 80, 1)
    assert _ints(file, 2) == (80, 201)
    filters = np.frombuffer(file.read(80 * 201 * 4), "<f4")
    assert 0 < filters.max() < 1

    (count,) = _ints(file, 1)
    tokens = [file.read(_ints(file, 1)[0]) for _ in range(count)]
    assert count == 50_257  # the special ones are known by their places
    assert tokens[:3] == [b"!", b" the", "а".encode()]

    found = {}
    while head := file.read(12):
        rank, length, kind = struct.unpack("<3i", head)
        shape = _ints(file, rank)
        name = file.read(length).decode()
        kind_name = "<f2" if kind else "<f4"
        size = int(np.prod(shape)) * (2 if kind else 4)
        found[name] = (shape, kind_name, np.frombuffer(file.read(size), kind_name))
    assert {name: each[:2] for name, each in found.items()} == {
        "encoder.conv1.weight": ((3, 2, 2), "<f2"),
        "encoder.conv1.bias": ((1, 2), "<f4"),
        "encoder.positional_embedding": ((2, 4), "<f4"),
        "decoder.ln.weight": ((2,), "<f4"),
    }
    assert found["encoder.conv1.weight"][2].tolist() == list(range(12))


def test_weights_that_cannot_be_converted_are_named(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    with pytest.raises(ModelUnavailable, match="mine lacks its tokenizer"):
        ensure_ggml(tmp_path / "mine")
    (tmp_path / "mine" / "vocabulary.txt").write_text("a\n")
    (tmp_path / "mine" / "tokenizer.json").write_text("{}")
    (tmp_path / "mine" / "config.json").write_text(
        '{"suppress_ids": [], "suppress_ids_begin": [], "lang_ids": []}'
    )
    (tmp_path / "mine" / "model.bin").write_bytes(b"no model")
    with pytest.raises(ModelUnavailable, match=r"cannot be converted for whisper\.cpp"):
        ensure_ggml(tmp_path / "mine")
    assert not (tmp_path / "mine.ggml").exists()
