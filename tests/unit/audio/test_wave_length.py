"""WAV files whose header states another length than they have are heard to their end."""

from pathlib import Path

import numpy as np
import pytest

from app.audio.decode import read_samples
from tests.support.recordings import RATE, likeness, sentence, wav

SECONDS = len(sentence()) / RATE
DATA = 36
"""Where the chunk of the samples begins."""


def _stated(path: Path, data: int, riff: int | None = None) -> bytes:
    content = bytearray(wav(path, sentence()[np.newaxis]).read_bytes())
    content[DATA + 4 : DATA + 8] = data.to_bytes(4, "little")
    if riff is not None:
        content[4:8] = riff.to_bytes(4, "little")
    return bytes(content)


@pytest.mark.parametrize("is_consistent", [True, False])
@pytest.mark.parametrize("stated", [0, 2, 20_000, 20_001, 150_000, 2**32 - 1, 2**31])
def test_a_length_that_was_never_renewed(tmp_path: Path, stated: int, is_consistent: bool) -> None:
    path = tmp_path / "stopped.wav"
    path.write_bytes(_stated(path, stated, min(stated + 36, 2**32 - 1) if is_consistent else None))

    samples, _ = read_samples(path)

    assert len(samples) / RATE == pytest.approx(SECONDS, abs=0.01)
    assert likeness(samples, sentence()) > 0.99


@pytest.mark.parametrize("padding", [b"", b"\0"])
@pytest.mark.parametrize("kind", [b"LIST", b"id3 ", b"_PMX"])
def test_chunks_behind_the_samples_are_no_sound(tmp_path: Path, kind: bytes, padding: bytes) -> None:
    path = tmp_path / "tagged.wav"
    content = _stated(path, 20_001 if padding else 20_000)[: DATA + 8 + 20_000 + len(padding)]
    tags = kind + (50_000).to_bytes(4, "little") + b"title   " * 6250
    path.write_bytes(content + padding + tags)

    samples, report = read_samples(path)

    assert len(samples) == pytest.approx(10_000, abs=1)
    assert report.warnings == ()


def test_a_few_bytes_behind_the_samples_are_no_sound(tmp_path: Path) -> None:
    path = tmp_path / "padded.wav"
    path.write_bytes(wav(path, sentence()[np.newaxis]).read_bytes() + b"\xff" * 128)

    assert len(read_samples(path)[0]) == len(sentence())
