"""Uploads that arrive in several requests, in a folder of UPLOAD_DIR.

Each is a file of bytes, which is locked by whoever writes or takes it, and a file that tells what it is. The
length of the former is the offset of the upload: nothing else has to be kept true when a process dies.
"""

import fcntl
import os
import re
from io import FileIO
from pathlib import Path

from pydantic import ValidationError

from app.core.config import Settings
from app.core.errors import UploadLocked, UploadNotFound
from app.core.file_locks import is_held
from app.schemas.resumable import UPLOAD_ID_PATTERN, ResumableUpload
from app.storage.base import StoredResumable
from app.storage.files import PART_SUFFIX, create, files_with_ages, translated, write_all, write_durably

FOLDER = ".uploads"

BYTES_SUFFIX, INFO_SUFFIX = ".bytes", ".json"

RETRY_AFTER_SECONDS = 5


class LockedUpload:
    """The bytes of an upload, locked against all other requests and processes until closed."""

    def __init__(self, path: Path) -> None:
        """Raises UploadNotFound, UploadLocked, StorageUnavailable."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        with translated("write"):
            try:
                self._file = FileIO(os.open(path, flags), "ab")
            except FileNotFoundError as error:
                raise upload_not_found() from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._file.close()
            raise UploadLocked(
                "Another request is writing this upload; please try again in a moment.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            ) from error
        except OSError:  # a file system without locks: the offset that the client sends must do
            pass
        if not _is_same(self._file, path):  # removed before the lock was there: the bytes are a task's now
            self._file.close()
            raise upload_not_found()
        self.path = path

    @property
    def offset(self) -> int:
        """Bytes that are here."""
        return os.fstat(self._file.fileno()).st_size

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        with translated("write"):
            write_all(self._file, data)

    def sync(self) -> None:
        """Have what was written survive a power cut. Raises StorageFull, StorageUnavailable."""
        with translated("write"):
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """End the lock."""
        self._file.close()


class LocalResumables:
    """All such uploads. Ids must match UPLOAD_ID_PATTERN: any other is that of no upload."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.upload_dir / FOLDER

    def link_to(self, upload_id: str) -> None:
        """See Resumables: nobody but this service writes the folder."""

    def create(self, upload: ResumableUpload) -> None:
        """Begin an upload, without a byte. Raises StorageFull, StorageUnavailable."""
        with translated("write"):
            self._folder.mkdir(parents=True, exist_ok=True)
            create(self.path_of(upload.upload_id)).close()
        self.save(upload)

    def save(self, upload: ResumableUpload) -> None:
        """Keep what is known of an upload. Raises StorageFull, StorageUnavailable."""
        write_durably(self._path(upload.upload_id, INFO_SUFFIX), upload.model_dump_json().encode())

    def read(self, upload_id: str) -> StoredResumable | None:
        """The upload; None where there is none. Raises StorageUnavailable."""
        if not re.fullmatch(UPLOAD_ID_PATTERN, upload_id):
            return None
        with translated("read"):
            try:
                kept = self._path(upload_id, INFO_SUFFIX).read_bytes()
                upload = ResumableUpload.model_validate_json(kept)
            except (FileNotFoundError, ValidationError):
                return None
            try:
                offset = self.path_of(upload_id).stat().st_size
            except FileNotFoundError:
                if upload.task_id is None:
                    return None  # whoever removed it died in between
                return StoredResumable(upload, upload.length or 0, is_taken=True)
        return StoredResumable(upload, offset)

    def lock(self, upload_id: str) -> LockedUpload:
        """The bytes, for one who writes or takes them. Raises as LockedUpload does."""
        return LockedUpload(self.path_of(upload_id))

    def path_of(self, upload_id: str) -> Path:
        """Where the bytes lie."""
        return self._path(upload_id, BYTES_SUFFIX)

    def remove_bytes(self, upload_id: str) -> None:
        """Forget the bytes of an upload that became a task."""
        with translated("clear"):
            self.path_of(upload_id).unlink(missing_ok=True)

    def remove(self, upload_id: str) -> None:
        """Forget an upload. Raises StorageUnavailable."""
        with translated("clear"):
            self._path(upload_id, INFO_SUFFIX).unlink(missing_ok=True)
            self.path_of(upload_id).unlink(missing_ok=True)

    def remove_parts(self, older_than_seconds: float) -> None:
        """Remove what was left half written. Raises OSError."""
        for age, path in files_with_ages(self._folder):
            if path.suffix == PART_SUFFIX and age >= older_than_seconds:
                path.unlink(missing_ok=True)

    def old(self, older_than_seconds: float) -> list[str]:
        """Ids of those that got no byte for at least so long, and that nobody writes now. Raises OSError."""
        return self._untouched(older_than_seconds, INFO_SUFFIX, BYTES_SUFFIX)

    def silent(self, at_least_seconds: float) -> list[str]:
        """The same of those that are no task yet, which have bytes."""
        return self._untouched(at_least_seconds, BYTES_SUFFIX)

    def silent_seconds(self, upload_id: str) -> float:
        """How long it has got no byte; 0 where it has none. Raises OSError."""
        return self._ages(BYTES_SUFFIX).get(upload_id, 0.0)

    def _untouched(self, seconds: float, *suffixes: str) -> list[str]:
        old = [upload_id for upload_id, age in self._ages(*suffixes).items() if age >= seconds]
        return [upload_id for upload_id in old if not is_held(self.path_of(upload_id))]

    def _ages(self, *suffixes: str) -> dict[str, float]:
        """Seconds since the last of these files that an upload has was written, by the store's clock."""
        found = files_with_ages(self._folder)
        return {
            path.stem: age
            for suffix in suffixes
            for age, path in found
            if path.suffix == suffix and re.fullmatch(UPLOAD_ID_PATTERN, path.stem)
        }

    def _path(self, upload_id: str, suffix: str) -> Path:
        return self._folder / f"{upload_id}{suffix}"


def _is_same(file: FileIO, path: Path) -> bool:
    """Whether the open file is still what lies there."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def upload_not_found() -> UploadNotFound:
    """The error of who asks for an upload that is not here."""
    return UploadNotFound(
        "There is no upload of this id; one that gets no byte for RESUMABLE_UPLOAD_SECONDS is removed. Begin "
        "a new one."
    )
