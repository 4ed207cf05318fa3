"""A lock in a bucket, which ends by its age where its owner is gone.

Whoever wants it creates an object of its own beside the others and then lists them: who sees another one that
is not too old takes its own away again. Of two, the one that creates last is sure to see the other, so that
never both have the lock; where both give way, they differ in when they try again.
"""

import contextlib
import random
import secrets
import threading
import time

from app.core.errors import StorageUnavailable, UploadLocked
from app.storage.bucket.objects import Bucket
from app.storage.resumable import RETRY_AFTER_SECONDS

PREFIX = "lock."
"""Of the names of locks in a folder."""

LEASE_SECONDS = 20.0
"""Age at which a lock that was not renewed is nobody's."""

TRUSTED_SECONDS = 15.0
"""How long its owner believes in it without a renewal: stores tell times in whole seconds."""

RENEW_SECONDS = 5.0
MOST_PAUSE_SECONDS = 0.2


class Lease:
    """The lock of a folder, renewed by a thread until `end`, or until the process is gone."""

    def __init__(self, bucket: Bucket, folder: str) -> None:
        """Raises UploadLocked where somebody else has it, StorageUnavailable."""
        self._bucket = bucket
        self._key = f"{folder}/{PREFIX}{secrets.token_hex(8)}"
        self._ended = threading.Event()
        self._renewed_at = time.monotonic()
        bucket.write(self._key, b"")
        others = [each for each in bucket.objects(folder) if _is_lock(each.name) and each.key != self._key]
        if any(each.age_seconds < LEASE_SECONDS for each in others):
            bucket.remove([self._key])
            time.sleep(random.uniform(0, MOST_PAUSE_SECONDS))
            raise _locked()
        bucket.remove(each.key for each in others)
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def _renew(self) -> None:
        while not self._ended.wait(RENEW_SECONDS):
            with contextlib.suppress(StorageUnavailable):
                now = time.monotonic()
                if self._bucket.size(self._key) is None:
                    self._renewed_at -= LEASE_SECONDS  # it was taken for that of somebody who is gone
                    return
                self._bucket.write(self._key, b"")
                self._renewed_at = now

    def check(self) -> None:
        """Raise UploadLocked where it may be somebody else's by now."""
        if time.monotonic() - self._renewed_at >= TRUSTED_SECONDS:
            raise _locked()

    def end(self) -> None:
        """Let others have it; what cannot be removed ends by its age."""
        self._ended.set()
        self._thread.join()
        with contextlib.suppress(StorageUnavailable):
            self._bucket.remove([self._key])


def _is_lock(name: str) -> bool:
    return name.startswith(PREFIX)


def _locked() -> UploadLocked:
    return UploadLocked(
        "Another request is writing this upload; please try again in a moment.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )
