"""Objects of a bucket by their keys. All calls block."""

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Literal

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import AzureStore, GCSStore, ObjectStore, S3Store

from app.core.config import Settings
from app.core.errors import StorageMisconfigured
from app.storage.base import Link
from app.storage.bucket.connection import CREDENTIALS, connect, scheme_of
from app.storage.bucket.object_path import ObjectPath
from app.storage.bucket.problems import Problems

if TYPE_CHECKING:
    from obstore import ObjectMeta

CLOCK_KEY = ".clock"

CLOCK_SECONDS = 600.0
"""How long the difference between the store's clock and this process's is believed."""

CHECK_SECONDS = 5.0
"""How long a check that has passed counts: anybody may ask for `/health/ready`."""

PART_BYTES = 1024 * 1024
"""Read at a time of an object that is read as a whole."""

DELETED_AT_ONCE = 1000
"""Keys of one request: what S3 takes."""

DELETES_AT_ONCE = 8
"""Requests at a time to a store that takes one key with each."""


BLOB_HEADERS = {"x-ms-blob-type": "BlockBlob"}
"""What Azure wants to be told of each object that is put."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object: `key` within the service's folder, bytes, seconds since it was written by the store's
    clock, and what names its content."""

    key: str
    size: int
    age_seconds: float
    e_tag: str | None

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.rpartition("/")[2]


class Bucket:
    """The folder of a bucket that STORAGE_URL names.

    Every method raises StorageUnavailable, StorageMisconfigured where the bucket does not exist or refuses,
    and those that write StorageFull. What is written is durable and visible as a whole, or not at all.
    """

    def __init__(self, settings: Settings) -> None:
        self.store: ObjectStore = connect(settings)
        self._settings = settings
        self._problems = Problems(
            settings.storage_url or "", settings.storage_endpoint, CREDENTIALS[scheme_of(settings)]
        )
        self._checked_at = -CHECK_SECONDS
        self._clock: tuple[float, float] | None = None
        self._clock_lock = threading.Lock()
        self.told = self._problems.told

    def check(self) -> None:
        """Try to list and to write, unless that has just worked; errors are told to operators.

        Raises StorageMisconfigured, too, where the store overwrites what it was told to create.
        """
        if time.monotonic() - self._checked_at < CHECK_SECONDS:
            return
        with self.told("be listed", openly=True):
            next(iter(obstore.list(self.store, ".outbox", chunk_size=1)), None)
        with self.told("be written", openly=True):
            obstore.put(self.store, CLOCK_KEY, b"")
        with self.told("be written", openly=True), contextlib.suppress(AlreadyExistsError):
            obstore.put(self.store, CLOCK_KEY, b"", mode="create")
            raise StorageMisconfigured(
                f"The store of {self._settings.storage_url} overwrites objects that are there, whatever "
                "`If-None-Match` says: two tasks could take one place. Use a store, or a version of it, that "
                "knows conditional writes."
            )
        self._checked_at = time.monotonic()

    def read(self, key: str, *, openly: bool = False) -> bytes | None:
        """The content; None where there is no such object."""
        with self.told(f"be read at {key}", openly=openly):
            try:
                return bytes(obstore.get(self.store, key).bytes())
            except FileNotFoundError:
                return None

    def parts(self, listed: StoredObject) -> Iterator[bytes]:
        """The content of an object as it was listed, some megabytes at a time; one that has changed since
        counts as one that cannot be read."""
        with self.told(f"be read at {listed.key}"):
            found = obstore.get(self.store, listed.key, options={"if_match": listed.e_tag})
            for part in found.stream(min_chunk_size=PART_BYTES):
                yield bytes(part)

    def size(self, key: str) -> int | None:
        """The bytes of an object; None where there is none."""
        with self.told(f"be asked for {key}"):
            try:
                return obstore.head(self.store, key)["size"]
            except FileNotFoundError:
                return None

    def path(self, key: str) -> ObjectPath | None:
        """An object to be read in pieces; None where there is none."""
        size = self.size(key)
        return None if size is None else ObjectPath(self.store, key, size)

    def write(self, key: str, data: bytes) -> None:
        """Write an object, in the place of an earlier one."""
        with self.told(f"be written at {key}"):
            obstore.put(self.store, key, data, use_multipart=False)

    def create(self, key: str, data: bytes) -> bool:
        """Write an object; False, and nothing, where there is another one of that key, whoever was faster.

        Where the store's answer is lost the request is repeated, and finds what it has written itself.
        """
        with self.told(f"be written at {key}"):
            try:
                obstore.put(self.store, key, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                pass
            else:
                return True
        return self.read(key) == data

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects, whether they are there or not."""
        wanted = list(keys)
        for first in range(0, len(wanted), DELETED_AT_ONCE):
            with self.told("be cleared"):
                _delete(self.store, wanted[first : first + DELETED_AT_ONCE])

    def keys(self, folder: str) -> list[str]:
        """The keys of all objects in a folder and below it."""
        return [each["path"] for each in self._listed(folder)]

    def objects(self, folder: str) -> list[StoredObject]:
        """The same objects with their sizes and ages."""
        return self._stored(self._listed(folder))

    def _listed(self, folder: str) -> "list[ObjectMeta]":
        with self.told(f"be listed at {folder}"):
            return [each for some in obstore.list(self.store, folder) for each in some]

    def top(self) -> list[StoredObject]:
        """The objects that lie in no folder."""
        with self.told("be listed"):
            found = obstore.list_with_delimiter(self.store)["objects"]
        return self._stored(found)

    def _stored(self, found: "Sequence[ObjectMeta]") -> list[StoredObject]:
        now = self.now() if found else 0.0
        return [
            StoredObject(each["path"], each["size"], now - each["last_modified"].timestamp(), each["e_tag"])
            for each in found
        ]

    def now(self) -> float:
        """Unix time by the store's clock: that of this host may be minutes off.

        It is read off an object that is written for it, and then told by the monotonic clock for a while.
        """
        with self._clock_lock:
            if self._clock is None or time.monotonic() - self._clock[0] > CLOCK_SECONDS:
                with self.told("be written"):
                    obstore.put(self.store, CLOCK_KEY, b"", use_multipart=False)
                    stamp = obstore.head(self.store, CLOCK_KEY)["last_modified"].timestamp()
                self._clock = (time.monotonic(), stamp)
            at, stamp = self._clock
            return stamp + time.monotonic() - at

    def link(self, method: Literal["GET", "PUT"], key: str) -> Link | None:
        """Where a client may read or write an object; None where the store gives no such addresses."""
        settings = self._settings
        store = connect(settings, endpoint=settings.storage_public_endpoint)
        if not isinstance(store, S3Store | AzureStore | GCSStore):
            return None
        with self.told(f"give a link to {key}"):
            seconds = timedelta(seconds=settings.storage_link_seconds)
            url = obstore.sign(store, method, key, seconds)
        is_blob = isinstance(store, AzureStore) and method == "PUT"
        return Link(url, BLOB_HEADERS if is_blob else {})


def _delete(store: ObjectStore, keys: Sequence[str]) -> None:
    """Some stores refuse a request that names an object which is not there."""
    try:
        obstore.delete(store, keys)
    except FileNotFoundError:
        with ThreadPoolExecutor(DELETES_AT_ONCE, thread_name_prefix="delete") as pool:
            list(pool.map(partial(_delete_one, store), keys))


def _delete_one(store: ObjectStore, key: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        obstore.delete(store, key)
