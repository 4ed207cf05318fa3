"""What a run has measured so far, on disk, so that one that was interrupted goes on: a JSON line an event.

A line is written when its recording is done. A run that was killed leaves at most one torn line, which counts
as not written. Lines count only for the same variant under the same conditions, and for files that have not
changed since.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from benchmark.messages import Failed, Loaded, Served, Transcribed

Kept = Loaded | Transcribed | Failed | Served
"""What is kept: that a model was loaded, and what became of each recording."""

Stamp = tuple[int, int]
"""Size and time of change (ns) of a file."""


class _Line(BaseModel):
    """An event of the work that `key` names; `stamp` is that of its recording, None where it has none."""

    model_config = ConfigDict(frozen=True)

    key: str
    stamp: Stamp | None
    event: Annotated[Kept, Field(discriminator="kind")]


class Journal:
    """Reads what earlier runs left at `path`, and adds to it; `fresh` forgets it first."""

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            path.unlink(missing_ok=True)
        self._earlier = list(_read(path))
        _end_line(path)
        self._file = path.open("ab")

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if self._path.is_file() and not self._path.stat().st_size:
            self._path.unlink()

    def events(self, key: str) -> list[Kept]:
        """What earlier runs measured of `key`: of each recording the last word."""
        found: dict[str | None, Kept] = {}
        for line in self._earlier:
            event = line.event
            if line.key != key:
                continue
            audio = None if isinstance(event, Loaded) else event.audio
            if audio is None or line.stamp == stamp_of(audio):
                found[audio] = event
        return list(found.values())

    def add(self, key: str, event: Kept) -> None:
        """Keep an event, whatever becomes of this process now."""
        audio = None if isinstance(event, Loaded) else event.audio
        if isinstance(event, Failed) and audio is None:
            return  # the model could not be loaded: the next run shall try again
        line = _Line(key=key, stamp=stamp_of(audio) if audio else None, event=event)
        self._file.write(line.model_dump_json().encode() + b"\n")
        self._file.flush()

    def remove(self) -> None:
        """The run is over and its results are written."""
        self._path.unlink(missing_ok=True)


def stamp_of(audio: str) -> Stamp | None:
    """What tells that a file is still the same; None where there is none."""
    try:
        found = Path(audio).stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _read(path: Path) -> Iterator[_Line]:
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                yield _Line.model_validate_json(line)
            except ValidationError:
                continue


def _end_line(path: Path) -> None:
    """What is added now must not go on a line that was torn."""
    if not path.is_file() or not path.stat().st_size:
        return
    with path.open("rb+") as file:
        file.seek(-1, os.SEEK_END)
        if file.read() != b"\n":
            file.write(b"\n")
