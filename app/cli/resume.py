"""`.transcriber.jsonl`: which recordings of a folder are at the service already, and as which tasks.

Lines are only ever appended, and the last one about a recording counts: an interrupted batch can lose at most
the end of its last line.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.client import SubmitOptions

FILE_NAME = ".transcriber.jsonl"


class Note(BaseModel):
    """What is known of a recording that is sent with certain options.

    `key` is its Idempotency-Key, noted before anything is sent: who is interrupted in between sends again
    with the same key, and gets the task that the first try may have made. `upload` is where a long one goes
    in pieces: the rest of them is sent.
    """

    model_config = ConfigDict(frozen=True)

    path: str
    size: int
    mtime_ns: int
    request: str
    key: str | None = None
    upload: str | None = None
    task_id: str | None = None
    done: bool = False

    @property
    def identity(self) -> tuple[object, ...]:
        """A recording that was changed, or that is sent with other options, is another one."""
        return self.path, self.size, self.mtime_ns, self.request


class ResumeFile:
    """The notes of one folder, in its `.transcriber.jsonl`; without a folder they end with the program."""

    def __init__(self, folder: Path | None) -> None:
        self._file = None if folder is None else folder / FILE_NAME
        self._notes = {note.identity: note for note in self._read()}

    def find(self, path: Path | None, options: SubmitOptions) -> Note:
        """The note of a recording that is sent with these options, or a blank one."""
        request = fingerprint(options)
        if path is None:
            return Note(path="-", size=0, mtime_ns=0, request=request)
        stat = path.stat()
        name = os.fsencode(path.resolve()).decode(errors="backslashreplace")  # not every name is text
        blank = Note(path=name, size=stat.st_size, mtime_ns=stat.st_mtime_ns, request=request)
        return self._notes.get(blank.identity, blank)

    def save(self, note: Note) -> None:
        """Append a note, which takes the place of the last one about its recording."""
        self._notes[note.identity] = note
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{note.model_dump_json(exclude_defaults=True)}\n")

    def _read(self) -> list[Note]:
        if self._file is None or not self._file.exists():
            return []
        text = self._file.read_text(encoding="utf-8", errors="replace")
        if text and not text.endswith("\n"):  # cut short: what is appended must not become part of it
            with self._file.open("a", encoding="utf-8") as file:
                file.write("\n")
        notes = []
        for line in text.splitlines():
            try:
                notes.append(Note.model_validate_json(line))
            except ValidationError:
                continue
        return notes


def fingerprint(options: Mapping[str, object]) -> str:
    """A short name of what is asked for."""
    given = {name: value for name, value in options.items() if value is not None}
    return hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]
