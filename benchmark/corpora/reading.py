"""Utterances out of what was fetched: archives and tables."""

import csv
import importlib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from benchmark.corpora.catalog import CorpusUnavailable

IGNORED = frozenset({"", "ignore time segment in scoring"})
"""References that the Open ASR leaderboard leaves out."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A recording as it lies in the corpus, by a name that is unique there."""

    name: str
    suffix: str
    audio: bytes
    text: str


def librispeech(archive: Path) -> Iterator[Utterance]:
    """`…/1089-134686-0000.flac`, and lines `1089-134686-0000 TEXT` in a `.trans.txt` beside them.

    A list may come before its recordings or after them: what has no text yet waits for it.
    """
    texts: dict[str, str] = {}
    waiting: dict[str, bytes] = {}
    for path, content in _members(archive):
        if path.name.endswith(".trans.txt"):
            lines = (line.partition(" ") for line in content.decode().splitlines())
            texts |= {name: text for name, _, text in lines}
        elif path.suffix == ".flac":
            waiting[path.stem] = content
        for name in [name for name in waiting if name in texts]:
            yield Utterance(name, ".flac", waiting.pop(name), texts[name])


def fleurs(table: Path, archive: Path) -> Iterator[Utterance]:
    """Columns: sentence, file, text as written, text without marks …; several people read a sentence."""
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        texts = {row[1]: row[2] for row in rows if len(row) > 2}
    for path, content in _members(archive):
        if path.name in texts:
            yield Utterance(path.stem, path.suffix, content, texts[path.name])


def parquet(tables: Iterable[Path], text: str) -> Iterator[Utterance]:
    """A column `audio` of files, one named `text`, and `id` where there is one. Raises CorpusUnavailable."""
    try:
        module: Any = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise CorpusUnavailable(
            "This corpus lies in Parquet files: run pip install pyarrow to read it."
        ) from error
    return _rows(module, tables, text)


def _rows(module: Any, tables: Iterable[Path], text: str) -> Iterator[Utterance]:
    number = 0
    for table in tables:
        for batch in module.ParquetFile(table).iter_batches(batch_size=16):
            for row in batch.to_pylist():
                number += 1
                name = PurePosixPath(str(row.get("id") or row["audio"].get("path") or ""))
                suffix = PurePosixPath(row["audio"].get("path") or "").suffix or ".wav"
                yield Utterance(f"{number:05}_{_safe(name.stem)}", suffix, row["audio"]["bytes"], row[text])


def _members(archive: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    """Files of an archive in its order; nothing is unpacked to a path that it names."""
    with tarfile.open(archive, "r|*") as content:
        for member in content:
            file = content.extractfile(member) if member.isfile() else None
            if file is not None:
                yield PurePosixPath(member.name), file.read()


def _safe(name: str) -> str:
    """Letters and digits of a name: a dash would make it a variant of another recording."""
    return "".join(letter if letter.isalnum() else "_" for letter in name)[:80]
