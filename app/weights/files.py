"""Checks and moves of weight files."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class WeightsError(Exception):
    """Weights cannot be fetched, read or converted; the message completes a sentence of ModelUnavailable."""


def sha256_of(path: Path) -> str:
    """Hex sum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_sums(folder: Path, sums: Mapping[str, str]) -> None:
    """Compare files of `folder` with their expected sums. Raises WeightsError."""
    for name, expected in sums.items():
        if not (folder / name).is_file():
            raise WeightsError(f"{name} is missing")
        if sha256_of(folder / name) != expected:
            raise WeightsError(f"{name} does not have the expected checksum")


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """A path beside `target` to write to, moved there when the block ends well and removed when it fails.

    It is removed at the start too: whoever holds the target's lock may clear what a killed process left.
    """
    part = target.with_name(f".{target.name}.new")
    remove(part)
    try:
        yield part
        remove(target)
        part.replace(target)
    finally:
        remove(part)


def remove(path: Path) -> None:
    """Delete a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def is_writable(folder: Path) -> bool:
    """Whether files can be put into `folder`, which is made where it is missing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
