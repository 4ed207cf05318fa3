"""A lock in a bucket: an object that exists only once, and ends by its age where its owner is gone."""

import contextlib
import secrets
import threading
import time

from app.core.errors import StorageUnavailable, UploadLocked
from app.storage.bucket.objects import Bucket
from app.storage.resumable import RETRY_AFTER_SECONDS

LEASE_SECONDS = 20.0
"""Age at which a lock that was not renewed is nobody's."""

RENEW_SECONDS = 5.0


class Lease:
    """One lock, renewed by a thread until `end`, or until the process is gone."""

    def __init__(self, bucket: Bucket, key: str) -> None:
        """Raises UploadLocked where somebody else has it, StorageUnavailable."""
        self._bucket = bucket
        self._key = key
        self._token = secrets.token_hex(8).encode()
        self._ended = threading.Event()
        self._renewed_at = time.monotonic()
        if not (bucket.create(key, self._token) or self._took_over()):
            raise _locked()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def _took_over(self) -> bool:
        """Whether it was that of somebody who is gone, and is ours now."""
        held = [each for each in self._bucket.objects(self._key.rpartition("/")[0]) if each.key == self._key]
        if held and held[0].age_seconds < LEASE_SECONDS:
            return False
        self._bucket.remove([self._key])
        return self._bucket.create(self._key, self._token)

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with contextlib.suppress(StorageUnavailable):
                now = time.monotonic()
                if self._bucket.read(self._key) != self._token:
                    self._renewed_at -= LEASE_SECONDS  # it is another's
                    return
                self._bucket.write(self._key, self._token)
                self._renewed_at = now

    def check(self) -> None:
        """Raise UploadLocked where it may be somebody else's by now."""
        if time.monotonic() - self._renewed_at >= LEASE_SECONDS:
            raise _locked()

    def end(self) -> None:
        """Let others have it; what cannot be removed ends by its age."""
        self._ended.set()
        self._thread.join()
        with contextlib.suppress(StorageUnavailable):
            if self._bucket.read(self._key) == self._token:
                self._bucket.remove([self._key])


def _locked() -> UploadLocked:
    return UploadLocked(
        "Another request is writing this upload; please try again in a moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
