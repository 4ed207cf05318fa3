"""What lies where a service keeps its recordings, looked at by tests: in UPLOAD_DIR, or in a bucket.

With TEST_STORAGE=s3 the services of the tests keep their recordings on a real S3 server, with `file` in a
folder by the same client, with an address (`az://recordings`, at TEST_STORAGE_ENDPOINT) in that bucket by the
credentials of the environment; without it in UPLOAD_DIR.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import obstore
from obstore.store import ObjectStore

from app.core.config import Settings
from app.storage.bucket.connection import connect
from app.storage.marker import MARKER_NAME

KIND = os.environ.get("TEST_STORAGE", "")
"""Where services of the tests keep recordings: `s3`, `file`, an address, or nothing for UPLOAD_DIR."""

ENDPOINT = os.environ.get("TEST_STORAGE_ENDPOINT")

CLOCKS = (".clock",)
"""Suffixes and names of what tells the store's time, which comes and goes."""


ROOT = PurePosixPath()


@dataclass(frozen=True, slots=True)
class ObjectPlace:
    """An object or a folder of a bucket, with as much of `pathlib.Path` as the tests use."""

    store: ObjectStore = field(compare=False, repr=False)
    key: PurePosixPath = ROOT

    def __truediv__(self, name: str) -> "ObjectPlace":
        return ObjectPlace(self.store, self.key / name)

    @property
    def name(self) -> str:
        """See Path."""
        return self.key.name

    @property
    def stem(self) -> str:
        """See Path."""
        return self.key.stem

    @property
    def suffix(self) -> str:
        """See Path."""
        return self.key.suffix

    def mkdir(self, **_: object) -> None:
        """A bucket has no folders."""

    def is_file(self) -> bool:
        """See Path."""
        return self.exists()

    def exists(self) -> bool:
        """See Path."""
        try:
            obstore.head(self.store, str(self.key))
        except FileNotFoundError:
            return False
        return True

    def stat(self) -> os.stat_result:
        """Of which the size is true."""
        size = obstore.head(self.store, str(self.key))["size"]
        return os.stat_result((stat.S_IFREG, 0, 0, 1, 0, 0, size, 0, 0, 0))

    def read_bytes(self) -> bytes:
        """See Path."""
        return bytes(obstore.get(self.store, str(self.key)).bytes())

    def read_text(self) -> str:
        """See Path."""
        return self.read_bytes().decode()

    def write_bytes(self, data: bytes) -> None:
        """See Path."""
        obstore.put(self.store, str(self.key), data)

    def write_text(self, text: str) -> None:
        """See Path."""
        self.write_bytes(text.encode())

    def unlink(self, **_: object) -> None:
        """See Path."""
        obstore.delete(self.store, str(self.key))

    def relative_to(self, other: "ObjectPlace") -> PurePosixPath:
        """See Path."""
        return self.key.relative_to(other.key)

    def rglob(self, pattern: str) -> "Iterator[ObjectPlace]":
        """See Path."""
        prefix = None if self.key == ROOT else str(self.key)
        for some in obstore.list(self.store, prefix):
            for each in some:
                found = ObjectPlace(self.store, PurePosixPath(each["path"]))
                if fnmatchcase(found.name, pattern):
                    yield found

    def glob(self, pattern: str) -> "Iterator[ObjectPlace]":
        """See Path."""
        depth = len(PurePosixPath(pattern).parts)
        for each in self.rglob("*"):
            inside = each.relative_to(self)
            if len(inside.parts) == depth and fnmatchcase(str(inside), pattern):
                yield each

    def iterdir(self) -> "Iterator[ObjectPlace]":
        """See Path."""
        return self.glob("*")


Place = Path | ObjectPlace


def folder_of(settings: Settings) -> Place:
    """Where recordings of a service with these settings lie."""
    if settings.storage_url is None:
        return settings.upload_dir
    return ObjectPlace(connect(settings))


def outbox_of(settings: Settings) -> Place:
    """Where its notes lie."""
    return settings.outbox_dir if settings.storage_url is None else folder_of(settings) / ".outbox"


def tombstone_name(settings: Settings, task_id: str) -> str:
    """Where the tombstone of a deleted task lies, as `files_of` tells it."""
    return f"{'.outbox' if settings.storage_url is None else '.outbox/deleted'}/{task_id}.deleted"


def files_of(settings: Settings) -> list[str]:
    """All that lies there, but the marker and the store's clock, half written ones included."""
    folder = folder_of(settings)
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(CLOCKS))
    return sorted(str(path.relative_to(folder)) for path in found if not path.name.startswith(MARKER_NAME))  # type: ignore[arg-type]


def is_plain(settings: Settings) -> bool:
    """Whether it is a folder of files."""
    return settings.storage_url is None
