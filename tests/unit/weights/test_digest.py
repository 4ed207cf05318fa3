"""Sums of weights."""

import hashlib
from pathlib import Path

from app.weights.digest import digest_of


def test_the_sum_is_that_of_the_content_and_follows_it(tmp_path: Path) -> None:
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"one")
    first = digest_of(weights)
    weights.write_bytes(b"another")

    assert first == f"sha256:{hashlib.sha256(b'one').hexdigest()}"
    assert digest_of(weights) == f"sha256:{hashlib.sha256(b'another').hexdigest()}"


def test_the_sum_is_noted_and_not_made_twice(tmp_path: Path) -> None:
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"one")
    digest = digest_of(weights)
    [note] = [path for path in tmp_path.iterdir() if path != weights]
    note.write_text(note.read_text().replace(digest, "sha256:noted"))

    assert digest_of(weights) == "sha256:noted"


def test_a_note_that_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    weights = tmp_path / "model.bin"
    weights.write_bytes(b"one")
    digest = digest_of(weights)
    [note] = [path for path in tmp_path.iterdir() if path != weights]
    note.write_text("nonsense")

    assert digest_of(weights) == digest
