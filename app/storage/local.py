"""Recordings in UPLOAD_DIR, a folder that the API and all workers share."""

import contextlib
import errno
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from io import FileIO
from pathlib import Path

from pydantic import ValidationError

from app.core.config import Settings
from app.core.errors import WORTH_ANOTHER_TRY, InvalidTask, StorageFull, StorageUnavailable
from app.core.file_locks import hold, is_held
from app.schemas.task import Task, TaskFailure
from app.storage.base import StoredUpload

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 60
"""When a client may ask again whose upload found no room: finished tasks free theirs."""

FILE_MODE = 0o640
PART_SUFFIX = ".part"
NOTE_SUFFIX = ".json"
DOWNLOAD_EXTENSION = "download"
"""Of recordings that a worker fetches from addresses without one."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})

_OWN_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_]+)")
"""A UUID and an extension: foreign programs' files in the folder are never touched by housekeeping."""

_EXTENSION = re.compile(r"(?!(part|json)$)[A-Za-z0-9_]{1,16}")
"""Of recordings; `part` and `json` are those of what is kept beside them."""


class LocalUpload:
    """A file `<task id>.part` that becomes `<task id>.<extension>`."""

    def __init__(self, folder: Path, task_id: str) -> None:
        self._task_id = task_id
        self._path = folder / f"{task_id}{PART_SUFFIX}"
        with _translated("write"):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _create(self._path)
        hold(self._file)

    @property
    def path(self) -> Path:
        """Where the bytes are now."""
        return self._path

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        with _translated("write"):
            _write_all(self._file, data)

    def commit(self, extension: str) -> str:
        """Make the upload durable under its final name, which is returned. Raises as `write` does."""
        final = self._path.with_name(f"{self._task_id}.{extension}")
        with _translated("write"):
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.rename(final)
            self._path = final
            _sync_folder(final.parent)
        return final.name

    def abort(self) -> None:
        """Remove all of it, committed or not; may be called more than once."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class LocalStorage:
    """UPLOAD_DIR and its outbox, a folder of one small file per unfinished task."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.upload_dir
        self._outbox = settings.outbox_dir
        self._keep_audio = settings.keep_audio

    def open_upload(self, task_id: str) -> LocalUpload:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""
        return LocalUpload(self._folder, task_id)

    def path_of(self, task: Task) -> Path:
        """File of a task's recording, links resolved. Raises InvalidTask where it lies outside UPLOAD_DIR.

        A foreign program may have pushed the task: its path may point anywhere, or begin with UPLOAD_DIR.
        What a worker fetches lies under the name of its task, whatever path the task gives, so that no other
        file is overwritten or taken for it.
        """
        folder, outbox = self._folder.resolve(), self._outbox.resolve()
        if task.url is not None:
            extension = Path(task.file_path).suffix.removeprefix(".")
            is_plain = _EXTENSION.fullmatch(extension) is not None
            return folder / f"{task.task_id}.{extension if is_plain else DOWNLOAD_EXTENSION}"
        try:
            candidates = [(folder / task.file_path).resolve(), Path(task.file_path).resolve()]
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links; a NUL character
            raise InvalidTask("The task's `file_path` is no path.") from error
        inside = [path for path in candidates if folder in path.parents and not path.is_relative_to(outbox)]
        if not inside:
            raise InvalidTask("The task's `file_path` lies outside UPLOAD_DIR.")
        return next((path for path in inside if path.exists()), inside[0])

    def delete(self, task: Task) -> None:
        """Remove a task's recording, if it is there and named after the task, as this service names them.

        Any other belongs to the program that pushed the task, and perhaps to further tasks.
        """
        path = self.path_of(task)
        if path.stem == task.task_id:
            path.unlink(missing_ok=True)

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Forget an ended task: its note, and its recording unless KEEP_AUDIO.

        The recording of a failure worth another try stays too, until its dead letter is dropped or expires.
        The note goes first: a recording without a note is removed as an orphan, a note without its recording
        would bring the task back. What cannot be removed is logged; the task has ended all the same.
        """
        wanted = self._keep_audio or (failure is not None and failure.code in WORTH_ANOTHER_TRY)
        self._forget(task, with_recording=not wanted)

    def discard(self, task: Task) -> None:
        """Remove what lies here of a task, wanted or not."""
        self._forget(task, with_recording=True)

    def _forget(self, task: Task, *, with_recording: bool) -> None:
        try:
            self.remove_outbox(task.task_id)
            if with_recording:
                self.delete(task)
        except InvalidTask:
            logger.warning("The recording of task %s is not ours to delete: %s", task.task_id, task.file_path)
        except (OSError, StorageUnavailable) as error:
            logger.warning("Cannot remove what task %s left in UPLOAD_DIR: %s", task.task_id, error)

    def save_outbox(self, task: Task) -> None:
        """Note durably that `task` is to be enqueued. Raises StorageFull, StorageUnavailable."""
        final = self._note(task.task_id)
        part = final.with_suffix(PART_SUFFIX)
        try:
            with _translated("write"):
                self._outbox.mkdir(parents=True, exist_ok=True)
                with _create(part) as file:
                    _write_all(file, task.model_dump_json().encode())
                    os.fsync(file.fileno())
                part.rename(final)
                _sync_folder(self._outbox)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise

    def outbox_ids(self, older_than_seconds: float = 0) -> list[str]:
        """Ids of the tasks noted, oldest first, that were noted at least this long ago.

        A note that is as far in the future counts too: a clock was set back, or another machine's is fast.
        """
        ages = [(age, path) for age, path in _files(self._outbox) if path.suffix == NOTE_SUFFIX]
        ages.sort(reverse=True)
        return [path.stem for age, path in ages if abs(age) >= older_than_seconds]

    def read_outbox(self, task_id: str) -> Task | None:
        """The task noted under that id; None where there is none, or none that can be read."""
        try:
            return Task.model_validate_json(self._note(task_id).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            logger.warning("The note of task %s in the outbox cannot be read: %s", task_id, error)
            return None

    def remove_outbox(self, task_id: str) -> None:
        """Forget a note, if there is one. Raises StorageUnavailable."""
        with _translated("write"):
            self._note(task_id).unlink(missing_ok=True)

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """Files of this service's uploads, at least that old, that no note claims and nobody writes now."""
        noted = set(self.outbox_ids())
        found = []
        for age, path in _files(self._folder):
            name = _OWN_NAME.fullmatch(path.name)
            if name is None or age < older_than_seconds or name[1] in noted:
                continue
            if not is_held(path):
                found.append(StoredUpload(name[1], path.name, complete=path.suffix != PART_SUFFIX))
        return found

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""
        (self._folder / upload.name).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space, in bytes. Raises StorageUnavailable."""
        with _translated("use"):
            self._folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._folder).free

    def _note(self, task_id: str) -> Path:
        return self._outbox / f"{task_id}{NOTE_SUFFIX}"


@contextlib.contextmanager
def _translated(verb: str) -> Iterator[None]:
    """Errors of the file system as errors of the service."""
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


def _create(path: Path) -> FileIO:
    """A new file, readable by its group; never one that exists, nor the target of a link."""
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
    return FileIO(os.open(path, flags, FILE_MODE), "wb")


def _write_all(file: FileIO, data: bytes | bytearray) -> None:
    """One call may write only a part, as on a disk that fills up."""
    with memoryview(data) as view:
        written = 0
        while written < len(view):
            written += file.write(view[written:])


def _sync_folder(folder: Path) -> None:
    """A rename survives a power cut only once its folder is written too."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> list[tuple[float, Path]]:
    """Regular files of a folder with their ages in seconds; a file may vanish meanwhile."""
    now = time.time()
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    if entry.is_file(follow_symlinks=False):
                        found.append((now - entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    except FileNotFoundError:
        return []
    return found
