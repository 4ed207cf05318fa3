"""Files that survive a power cut, and the clock by which their ages are told."""

import contextlib
import errno
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from app.core.errors import StorageFull, StorageUnavailable

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 60
"""When a client may ask again whose upload found no room: ended tasks free theirs."""

FILE_MODE = 0o640
PART_SUFFIX = ".part"
_CLOCK_SUFFIX = ".clock"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK})


@contextlib.contextmanager
def translated(verb: str) -> Iterator[None]:
    """Errors of the file system as errors of the service: StorageFull, StorageUnavailable."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise StorageFull(
                "The server's disk is full; please try again later.", retry_after_seconds=RETRY_AFTER_SECONDS
            ) from error
        logger.error("Cannot %s UPLOAD_DIR: %s", verb, error)
        raise StorageUnavailable(
            "The server cannot store uploads now; please try again later.",
            retry_after_seconds=RETRY_AFTER_SECONDS,
        ) from error


def create(path: Path) -> FileIO:
    """A new file, readable by its group; never one that exists, nor the target of a link."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, FILE_MODE), "wb")


def write_all(file: FileIO, data: bytes | bytearray) -> None:
    """One call may write only a part, as on a disk that fills up."""
    with memoryview(data) as view:
        written = 0
        while written < len(view):
            written += file.write(view[written:])


def write_durably(path: Path, data: bytes, *, replace: bool = True) -> bool:
    """The whole content or none, on disk when this returns; False, and nothing, where a file that is there
    may not be replaced. Raises StorageFull, StorageUnavailable."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{PART_SUFFIX}")
    try:
        with translated("write"):
            path.parent.mkdir(parents=True, exist_ok=True)
            with create(part) as file:
                write_all(file, data)
                os.fsync(file.fileno())
            is_written = _put(part, path, replace)
            sync_folder(path.parent)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return is_written


def _put(part: Path, path: Path, replace: bool) -> bool:
    """Give a file its final name; with `replace` false, only where nobody else has just done so."""
    if replace:
        part.rename(path)
        return True
    try:
        path.hardlink_to(part)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if path.exists():  # a file system without links: this look must do
            return False
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
    return True


def second_name(source: Path, path: Path) -> FileIO:
    """Another name of a file, open for more; a copy where the file system has no links. Raises OSError."""
    try:
        path.hardlink_to(source)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        with source.open("rb") as original, create(path) as copy:
            shutil.copyfileobj(original, copy)
    return FileIO(path, "ab")


def sync_folder(folder: Path) -> None:
    """A rename survives a power cut only once its folder is written too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def store_time(folder: Path) -> float:
    """Unix time by the clock that stamps the files of `folder`. Raises OSError.

    On a shared volume that is the server's clock: the clock of the host that asks may be minutes off. The
    file is empty, so that a full disk has room for it.
    """
    path = folder / f"{secrets.token_hex(8)}{_CLOCK_SUFFIX}"
    with create(path) as file:
        try:
            return os.fstat(file.fileno()).st_mtime
        finally:
            path.unlink(missing_ok=True)


def files_with_ages(folder: Path) -> list[tuple[float, Path]]:
    """Regular files of a folder with their ages in seconds, by the store's clock; a file may vanish
    meanwhile. Raises OSError."""
    found = []
    try:
        now = store_time(folder)
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found.append((now - entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    except FileNotFoundError:
        return []
    return [(age, path) for age, path in found if path.suffix != _CLOCK_SUFFIX]
