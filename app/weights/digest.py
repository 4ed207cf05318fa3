"""The sum of a model's weights, by which a transcript says what it was made with."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

logger = logging.getLogger(__name__)

NOTE_SUFFIX = ".sha256"


def has_changed(weights: Path) -> bool:
    """Whether a weights file is another than that whose sum was noted; False where none was."""
    try:
        noted = weights.with_name(weights.name + NOTE_SUFFIX).read_text("ascii").split()[0]
        return noted != _sum_of(weights)
    except (OSError, ValueError, IndexError):
        return False


def digest_of(weights: Path) -> str:
    """`sha256:` and the sum of a weights file; it is noted beside the file, as large ones take seconds."""
    state = weights.stat()
    stamp = f"{state.st_size} {state.st_mtime_ns}"
    note = weights.with_name(weights.name + NOTE_SUFFIX)
    try:
        digest, noted = note.read_text("ascii").split(maxsplit=1)
        if noted.strip() == stamp:
            return digest
    except (OSError, ValueError):
        pass
    digest = _sum_of(weights)
    try:
        note.write_text(f"{digest} {stamp}\n", "ascii")
    except OSError as error:  # a cache that is mounted read-only
        logger.debug("The sum of %s cannot be noted: %s", weights.name, error)
    return digest


def digest_of_all(files: Sequence[Path]) -> str:
    """The same of a model whose weights lie in several files: the sum of their names and sums."""
    if len(files) == 1:
        return digest_of(files[0])
    lines = "".join(f"{file.name} {digest_of(file)}\n" for file in files)
    return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


def _sum_of(weights: Path) -> str:
    with weights.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
