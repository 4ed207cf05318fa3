"""Recordings on their way into a bucket, of which no more than a few parts are in memory."""

import contextlib
import queue
import threading
from collections.abc import Iterator

import obstore

from app.core.errors import StorageUnavailable
from app.core.recording_path import RecordingPath
from app.storage.bucket.object_path import ObjectPath
from app.storage.bucket.objects import Bucket

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes as a part; what is shorter goes in one request."""

MOST_PARTS = 10_000
"""Of one object, in S3."""

WAITING_PIECES = 2
"""Pieces, of at most a megabyte each, that wait for the part before them to be sent."""

LOOK_SECONDS = 0.2


class _Aborted(Exception):
    """The upload becomes nothing: raised into the request that sends the parts, which then removes them."""


def part_bytes(most_bytes: int) -> int:
    """How long the parts of an upload are that may have so many bytes."""
    return max(PART_BYTES, -(-most_bytes // MOST_PARTS))


class BucketUpload:
    """An object that appears as a whole, or never; see app.storage.base.UploadWriter.

    Parts that a killed process leaves are removed by the bucket's own rule (docs/scaling.md).
    """

    def __init__(self, bucket: Bucket, key: str, most_bytes: int) -> None:
        self._bucket = bucket
        self._key = key
        self._part_bytes = part_bytes(most_bytes)
        self._begun = bytearray()
        self._size = 0
        self._sender: _Sender | None = None
        self._is_whole = False

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        self._size += len(data)
        if self._sender is None:
            self._begun += data
            if len(self._begun) <= self._part_bytes:
                return
            self._sender = _Sender(self._bucket, self._key, self._part_bytes)
            data, self._begun = self._begun, bytearray()
        with self._bucket.told(f"be written at {self._key}"):
            self._sender.send(data)

    def recording(self) -> RecordingPath:
        """The whole object, which is there from now on. Raises as `write` does."""
        if not self._is_whole:
            with self._bucket.told(f"be written at {self._key}"):
                if self._sender is None:
                    obstore.put(self._bucket.store, self._key, bytes(self._begun), use_multipart=False)
                else:
                    self._sender.finish()
            self._begun, self._is_whole = bytearray(), True
        return ObjectPath(self._bucket.store, self._key, self._size)

    def commit(self) -> str:
        """Have it there; its key. Raises as `write` does."""
        self.recording()
        return self._key

    def abort(self) -> None:
        """Remove all of it; what cannot be removed now is nobody's, and goes at the age of an orphan."""
        if self._sender is not None:
            self._sender.abort()
        self._begun = bytearray()
        if self._is_whole:
            with contextlib.suppress(StorageUnavailable):
                self._bucket.remove([self._key])
            self._is_whole = False


class _Sender:
    """Sends an object in parts, by a thread of its own."""

    def __init__(self, bucket: Bucket, key: str, part: int) -> None:
        self._bucket = bucket
        self._key = key
        self._part = part
        self._pieces: queue.Queue[bytes | None] = queue.Queue(WAITING_PIECES)
        self._is_aborted = False
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="upload", daemon=True)
        self._thread.start()

    def send(self, data: bytes | bytearray | None) -> None:
        """Hand over more, or with None the end. Raises what obstore raised against what came before."""
        piece = None if data is None else bytes(data)
        while self._thread.is_alive():
            try:
                self._pieces.put(piece, timeout=LOOK_SECONDS)
                return
            except queue.Full:
                continue
        self._raise()

    def finish(self) -> None:
        """Wait until the object is there. Raises as `send` does."""
        self.send(None)
        self._thread.join()
        self._raise()

    def abort(self) -> None:
        """Wait until the parts are removed."""
        self._is_aborted = True
        self._thread.join()

    def _run(self) -> None:
        try:
            obstore.put(self._bucket.store, self._key, self._all(), chunk_size=self._part, max_concurrency=1)
        except BaseException as error:
            self._failure = error

    def _all(self) -> Iterator[bytes]:
        while True:
            if self._is_aborted:
                raise _Aborted
            try:
                piece = self._pieces.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if piece is None:
                return
            yield piece

    def _raise(self) -> None:
        if self._failure is not None:
            raise self._failure
