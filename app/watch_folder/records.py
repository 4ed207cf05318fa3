"""What is known of each recording of the folder: a small file each, below `.transcriber`.

They are all that a restart needs, and all that several watchers of one folder share. Each is replaced as a
whole. Without them every recording is sent again, which gives the same tasks and the same files.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from app.watch_folder.tree import STATE_FOLDER, Version

README = "Records of the transcriber's watched folder. Who deletes one has its recording sent again.\n"

Outcome = Literal["done", "error"]


@dataclass(frozen=True, slots=True)
class Record:
    """A recording as it was sent; `outputs` are names and SHA-256 of the files that were written beside it.

    `request` names what was asked for: what has failed is sent again when that changes.
    """

    path: str
    size: int
    mtime_ns: int
    request: str
    task_id: str | None = None
    outcome: Outcome | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    def is_of(self, version: Version, request: str) -> bool:
        """Whether it is about that version; a failure counts for the same request only."""
        is_same = (self.size, self.mtime_ns) == (version.size, version.mtime_ns)
        return is_same and (self.outcome == "done" or self.request == request)

    @property
    def key(self) -> str:
        """The Idempotency-Key: whoever sends this version with this request gets the same task."""
        told = f"{self.size}\0{self.mtime_ns}\0{self.request}\0".encode()
        return f"watch-{hashlib.sha256(told + os.fsencode(self.path)).hexdigest()}"

    def ended(self, outcome: Outcome, outputs: Mapping[str, str]) -> "Record":
        """The same once its files are written."""
        return replace(self, outcome=outcome, outputs=dict(outputs))


class Records:
    """The records of one folder. Every method may raise OSError."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = root / STATE_FOLDER

    def prepare(self) -> None:
        """Make the folder of the records."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "README").write_text(README, encoding="utf-8")

    def read(self, path: str) -> Record | None:
        """The record of a recording; None where there is none, or none that can be read."""
        with contextlib.suppress(FileNotFoundError, ValueError, TypeError):
            return Record(**json.loads(self._file(path).read_bytes()))
        return None

    def save(self, record: Record) -> None:
        """Put the record in the place of the one before."""
        content = json.dumps(asdict(record)).encode()  # ASCII: names that are no text come back as they were
        write_whole(self._file(record.path), content, self.folder)

    def tidy(self) -> int:
        """Forget the recordings that are gone; how many."""
        gone = 0
        for file in self._files():
            with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
                if not os.path.lexists(self._root / json.loads(file.read_bytes())["path"]):
                    file.unlink()
                    gone += 1
        return gone

    def _files(self) -> Iterator[Path]:
        with os.scandir(self.folder) as listing:
            for entry in listing:
                if entry.name.endswith(".json"):
                    yield Path(entry.path)

    def _file(self, path: str) -> Path:
        return self.folder / f"{hashlib.sha256(os.fsencode(path)).hexdigest()}.json"


def write_whole(target: Path, content: bytes, folder: Path) -> None:
    """Write a file that is either as it was or complete; its first name is in `folder`, of the same disk."""
    part = written_part(target, content, folder)
    try:
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def written_part(target: Path, content: bytes, folder: Path) -> Path:
    """The content on the disk, under a name that nobody else uses: that of the target may be too long."""
    name = hashlib.sha256(os.fsencode(target)).hexdigest()[:24]
    part = folder / f"{name}.{os.uname().nodename[:24]}.{os.getpid()}.part"
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return part
