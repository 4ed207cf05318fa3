"""Which recordings `send` was asked for: files, globs, folders, standard input."""

import glob
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.validation import RECORDING_EXTENSIONS

STDIN = "-"


class InputError(Exception):
    """What was asked for cannot be sent; wrong usage."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A file to send; `place` is where its outputs lie below the output folder, as if it lay there itself.

    `path` is None for standard input, and for what is `at_service`: the recording of an earlier task, whose
    id is the name.
    """

    name: str
    path: Path | None
    place: Path
    at_service: bool = False

    @property
    def piped(self) -> bool:
        """It comes from standard input."""
        return self.path is None and not self.at_service


class CountingFile(io.FileIO):
    """A file that tells how far it has been read."""

    def __init__(self, path: Path, on_read: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._on_read = on_read

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes."""
        data = super().read(size)
        self._on_read(self.tell())
        return data


def wanted(
    arguments: Sequence[str], again_of: str | None, *, recursive: bool, name: str | None
) -> list[Recording]:
    """What is to be transcribed: recordings, or that of the task `again_of`. Raises InputError."""
    if arguments:
        found = find(arguments, recursive=recursive, name=name)
        if again_of is not None and len(found) > 1:
            raise InputError(f"{len(found)} recordings cannot all be versions of one task: send one.")
        return found
    if again_of is None:
        raise InputError("Name recordings to send, or an earlier task with --again-of.")
    return [Recording(again_of, None, Path(again_of), at_service=True)]


def find(arguments: Sequence[str], *, recursive: bool, name: str | None) -> list[Recording]:
    """The recordings, each once, in the order they were asked for. Raises InputError."""
    found: dict[Path | None, Recording] = {}
    for argument in arguments:
        for recording in _expand(argument, recursive=recursive, name=name):
            identity = None if recording.path is None else recording.path.resolve()
            found.setdefault(identity, recording)
    if not found:
        raise InputError("There is nothing to send: no recording lies there.")
    return list(found.values())


def standard_input() -> BinaryIO:
    """Bytes of standard input."""
    return sys.stdin.buffer


def _expand(argument: str, *, recursive: bool, name: str | None) -> Iterator[Recording]:
    if argument == STDIN:
        yield _piped(name)
        return
    path = Path(argument).expanduser()
    # A file may be called `talk [1].mp3`: what exists is never taken for a pattern.
    matches = [path]
    if not path.exists():  # `Path.glob` takes no absolute pattern, and finds hidden files
        matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]  # noqa: PTH207
    if not matches:
        raise InputError(f"There is no file {argument}.")
    for match in matches:
        if match.is_dir():
            yield from _in_folder(match, recursive=recursive, named=match == path)
        else:
            yield Recording(str(match), match, Path(match.name))


def _piped(name: str | None) -> Recording:
    if name is None:
        raise InputError("Standard input has no name: give one with --name, such as --name talk.mp3.")
    return Recording(name, None, Path(Path(name).name))


def _in_folder(folder: Path, *, recursive: bool, named: bool) -> Iterator[Recording]:
    """Recordings below a folder; a folder that merely matches a pattern may be passed over."""
    if not recursive:
        if named:
            raise InputError(f"{folder} is a folder; send what lies in it with --recursive.")
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower().removeprefix(".") in RECORDING_EXTENSIONS and path.is_file():
            yield Recording(str(path), path, path.relative_to(folder))
