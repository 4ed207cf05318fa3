"""Uploads that arrive in several requests, in a folder of the bucket for each.

`info.json` tells what the upload is. Its bytes lie in pieces, each named by the place of its first byte and
created once: of two who go on from the same place only one succeeds, and nothing is ever overwritten. The
first piece may also come straight from a client, by a link. Whoever writes or takes them has a `Lease`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable

from pydantic import ValidationError

from app.core.errors import UploadLocked
from app.schemas.resumable import UPLOAD_ID_PATTERN, ResumableUpload
from app.storage.base import Link, StoredResumable
from app.storage.bucket.lease import LEASE_SECONDS, PREFIX, Lease
from app.storage.bucket.objects import Bucket, StoredObject
from app.storage.resumable import RETRY_AFTER_SECONDS, upload_not_found

FOLDER = ".resumable"
"""SeaweedFS hides what is called `.uploads` from those who list."""

INFO = "info.json"
_PIECE = re.compile(r"\d{20}")


class BucketBytes:
    """The bytes of an upload, locked against all others until closed; see app.storage.base.ByteSink."""

    def __init__(self, bucket: Bucket, upload_id: str) -> None:
        """Raises UploadLocked, StorageUnavailable."""
        self._bucket = bucket
        self._upload_id = upload_id
        self._lease = Lease(bucket, f"{FOLDER}/{upload_id}")
        try:
            self._sent = end_of(pieces_of(bucket, upload_id))
        except BaseException:
            self._lease.end()
            raise

    @property
    def offset(self) -> int:
        """Bytes that are here."""
        return self._sent

    def write(self, data: bytes | bytearray) -> None:
        """Append, durably. Raises StorageFull, StorageUnavailable; UploadLocked where another was faster."""
        self._lease.check()
        if not self._bucket.create(piece_key(self._upload_id, self._sent), bytes(data)):
            raise UploadLocked(
                "Another request has gone on with this upload.", retry_after_seconds=RETRY_AFTER_SECONDS
            )
        self._sent += len(data)

    def sync(self) -> None:
        """Nothing waits."""

    def close(self) -> None:
        """End the lock."""
        self._lease.end()


class BucketResumables:
    """All such uploads; see app.storage.base.Resumables. Everything here raises StorageUnavailable."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def create(self, upload: ResumableUpload) -> None:
        """Begin an upload, without a byte."""
        self.save(upload)

    def save(self, upload: ResumableUpload) -> None:
        """Keep what is known of an upload."""
        self._bucket.write(_info_key(upload.upload_id), upload.model_dump_json().encode())

    def link_to(self, upload_id: str) -> Link | None:
        """Where a client may put all bytes at once; None where the store gives no links."""
        return self._bucket.link("PUT", piece_key(upload_id, 0))

    def read(self, upload_id: str) -> StoredResumable | None:
        """The upload; None where there is none."""
        if not re.fullmatch(UPLOAD_ID_PATTERN, upload_id):
            return None
        try:
            upload = ResumableUpload.model_validate_json(self._bucket.read(_info_key(upload_id)) or b"")
        except ValidationError:
            return None
        pieces = pieces_of(self._bucket, upload_id)
        if not pieces and upload.task_id is not None:
            return StoredResumable(upload, upload.length or 0, is_taken=True)
        return StoredResumable(upload, end_of(pieces))

    def lock(self, upload_id: str) -> BucketBytes:
        """The bytes, for one who writes or takes them. Raises UploadNotFound, UploadLocked."""
        sink = BucketBytes(self._bucket, upload_id)
        try:
            stored = self.read(upload_id)  # only now nobody else changes it
            if stored is None or stored.is_taken:
                raise upload_not_found()
        except BaseException:
            sink.close()
            raise
        return sink

    def remove_bytes(self, upload_id: str) -> None:
        """Forget the bytes of an upload that became a task."""
        self._bucket.remove(each.key for each in pieces_of(self._bucket, upload_id))

    def remove(self, upload_id: str) -> None:
        """Forget an upload."""
        self._bucket.remove([_info_key(upload_id)])
        self._bucket.remove(self._bucket.keys(f"{FOLDER}/{upload_id}"))

    def remove_parts(self, older_than_seconds: float) -> None:
        """There are none."""

    def silent(self, at_least_seconds: float) -> list[str]:
        """Ids of those that no task has yet, and that got no byte for so long."""
        return self._untouched(at_least_seconds, pieces_only=True)

    def silent_seconds(self, upload_id: str) -> float:
        """How long one has got no byte; 0 where it has none."""
        return min((each.age_seconds for each in pieces_of(self._bucket, upload_id)), default=0.0)

    def old(self, older_than_seconds: float) -> list[str]:
        """Ids of those that got no byte for at least so long, and that nobody writes now."""
        return self._untouched(older_than_seconds, pieces_only=False)

    def _untouched(self, seconds: float, *, pieces_only: bool) -> list[str]:
        by_id: dict[str, list[StoredObject]] = defaultdict(list)
        for each in self._bucket.objects(FOLDER):
            by_id[each.key.split("/")[1]].append(each)
        return [name for name, objects in by_id.items() if _is_untouched(objects, seconds, pieces_only)]


def _is_untouched(objects: Iterable[StoredObject], seconds: float, pieces_only: bool) -> bool:
    """By the pieces where there are any: what is known of an upload is written anew as a task is made of it,
    also where that is refused."""
    pieces, others = list[float](), list[float]()
    for each in objects:
        if not each.name.startswith(PREFIX):
            (pieces if _PIECE.fullmatch(each.name) else others).append(each.age_seconds)
        elif each.age_seconds < LEASE_SECONDS:
            return False
    ages = pieces if pieces or pieces_only else others
    return (bool(ages) or not pieces_only) and min(ages, default=seconds) >= seconds


def pieces_of(bucket: Bucket, upload_id: str) -> list[StoredObject]:
    """The pieces that follow each other from the first byte on, in order.

    What lies behind a gap was written by somebody who had lost the lock while the upload was cleared.
    """
    found = sorted(
        (each for each in bucket.objects(f"{FOLDER}/{upload_id}") if _PIECE.fullmatch(each.name)),
        key=lambda each: each.name,
    )
    pieces: list[StoredObject] = []
    for each in found:
        if int(each.name) != end_of(pieces):
            break
        pieces.append(each)
    return pieces


def end_of(pieces: list[StoredObject]) -> int:
    """Where the next piece begins."""
    return int(pieces[-1].name) + pieces[-1].size if pieces else 0


def piece_key(upload_id: str, place: int) -> str:
    """The key of the piece that begins at that byte."""
    return f"{FOLDER}/{upload_id}/{place:020d}"


def _info_key(upload_id: str) -> str:
    return f"{FOLDER}/{upload_id}/{INFO}"
