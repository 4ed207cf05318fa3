"""Recordings in UPLOAD_DIR, a folder that the API and all workers share."""

import contextlib
import glob
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from app.core.config import Settings
from app.core.errors import InvalidTask
from app.core.file_locks import hold, is_held
from app.core.recording_path import RecordingPath
from app.core.validation import extension_of
from app.schemas.task import Task
from app.storage.base import StoredUpload
from app.storage.files import (
    PART_SUFFIX,
    create,
    files_with_ages,
    second_name,
    sync_folder,
    translated,
    write_all,
)
from app.storage.keeping import TaskKeeping
from app.storage.marker import LocalMarker
from app.storage.names import CLIPS_EXTENSION, OWN_NAME, fetched_name, is_path_unknown
from app.storage.outbox import LocalOutbox
from app.storage.resumable import LocalResumables

NO_RECORDINGS = frozenset({PART_SUFFIX, f".{CLIPS_EXTENSION}"})
"""Of what lies beside recordings under the ids of their tasks."""


class LocalUpload:
    """A file `<task id>.part` that becomes `<task id>.<extension>`; empty, or another name of `source`."""

    def __init__(self, folder: Path, task_id: str, extension: str, source: Path | None = None) -> None:
        self._name = f"{task_id}.{extension}"
        self._path = folder / f"{task_id}{PART_SUFFIX}"
        self._source = source
        with translated("write"):
            folder.mkdir(parents=True, exist_ok=True)
            self._before = source.stat() if source is not None else None
            self._file = create(self._path) if source is None else second_name(source, self._path)
        hold(self._file)

    def recording(self) -> Path:
        """Where the bytes are now."""
        return self._path

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        with translated("write"):
            write_all(self._file, data)

    def commit(self) -> str:
        """Make the upload durable under its final name, which is returned. Raises as `write` does."""
        final = self._path.with_name(self._name)
        with translated("write"):
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.rename(final)
            self._path = final
            sync_folder(final.parent)
        return final.name

    def abort(self) -> None:
        """Remove all of it, committed or not; may be called more than once. Its source is as old as before:
        what becomes no task expires, however often that is tried."""
        self._file.close()
        self._path.unlink(missing_ok=True)
        if self._source is not None and self._before is not None:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._source, ns=(self._before.st_atime_ns, self._before.st_mtime_ns))


class LocalStorage(TaskKeeping):
    """UPLOAD_DIR and the outbox in it."""

    place = "UPLOAD_DIR"

    def __init__(self, settings: Settings) -> None:
        super().__init__(LocalOutbox(settings), keep_audio=settings.keep_audio)
        self._folder = settings.upload_dir
        self._outbox_folder = settings.outbox_dir
        self.resumables = LocalResumables(settings)
        self.marker = LocalMarker(settings.upload_dir, self._is_idle)

    def check(self) -> None:
        """See Storage: a folder that is away shows when it is used, and whose it is by its marker."""

    def open_upload(self, task_id: str, extension: str) -> LocalUpload:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""
        return LocalUpload(self._folder, task_id, extension)

    def open_received(self, upload_id: str, task_id: str, extension: str) -> LocalUpload:
        """The bytes of a resumable upload as an upload. Raises StorageFull, StorageUnavailable."""
        return LocalUpload(self._folder, task_id, extension, self.resumables.path_of(upload_id))

    def keep_fetched(self, task: Task, fetch: Callable[[Path], object]) -> Path:
        """Have the recording of a task written to a file, which then gets its name. Raises as `fetch` does,
        OSError."""
        path = self.path_of(task)
        part = path.with_suffix(PART_SUFFIX)
        fetch(part)
        part.rename(path)
        return path

    def save_clips(self, task_id: str, clips: bytes) -> None:
        """Keep clips of known speakers until the task ends. Raises StorageFull, StorageUnavailable."""
        with translated("write"), create(self._clips_path(task_id)) as file:
            write_all(file, clips)
            os.fsync(file.fileno())

    def clips_of(self, task: Task) -> bytes | None:
        """Those clips; None where there are none."""
        try:
            return self._clips_path(task.task_id).read_bytes()
        except FileNotFoundError:
            return None

    def remove_clips(self, task_id: str) -> None:
        """Remove those clips. Raises OSError."""
        self._clips_path(task_id).unlink(missing_ok=True)

    def _clips_path(self, task_id: str) -> Path:
        return self._folder / f"{task_id}.{CLIPS_EXTENSION}"

    def recording_of(self, task: Task) -> Path | None:
        """The file of a task's recording; None where it is not there. Raises InvalidTask."""
        path = self.path_of(task)
        return path if path.is_file() else None

    def check_is_inside(self, task: Task) -> None:
        """Raise InvalidTask where a task's recording lies outside UPLOAD_DIR."""
        self.path_of(task)

    def path_of(self, task: Task) -> Path:
        """File of a task's recording, links resolved. Raises InvalidTask where it lies outside UPLOAD_DIR.

        A foreign program may have pushed the task: its path may point anywhere, or begin with UPLOAD_DIR.
        What a worker fetches lies under the name of its task, whatever path the task gives, so that no other
        file is overwritten or taken for it.
        """
        folder, outbox = self._folder.resolve(), self._outbox_folder.resolve()
        if task.url is not None:
            return folder / fetched_name(task)
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

        Any other belongs to the program that pushed the task, and perhaps to further tasks. Of a task that
        only the archive knows the path is not known: its recording is looked for.
        """
        self.remove_clips(task.task_id)
        if is_path_unknown(task) and (kept := self.kept_recording(task)) is not None:
            kept.unlink(missing_ok=True)
        path = self.path_of(task)
        if path.stem == task.task_id:
            path.unlink(missing_ok=True)

    def link_to(self, path: RecordingPath) -> None:
        """See Storage: nobody but this service reads the folder."""

    def kept_recording(self, task: Task) -> Path | None:
        """The file of a recording that this service stored; None where it is gone."""
        likely = self._folder / f"{task.task_id}.{extension_of(task.filename or '', None)}"
        others: Iterable[Path] = ()
        if is_path_unknown(task):
            others = self._folder.glob(f"{glob.escape(task.task_id)}.*")
        for path in (self._folder / task.file_path, likely, *others):
            if path.suffix in NO_RECORDINGS:
                continue
            name = OWN_NAME.fullmatch(path.name)
            is_ours = name is not None and name[1] == task.task_id and path.parent == self._folder
            if is_ours and path.is_file() and not path.is_symlink():
                return path
        return None

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """Files of this service's uploads, at least that old, that no note claims and nobody writes now."""
        noted = self.outbox.listing().notes
        found = []
        for age, path in files_with_ages(self._folder):
            name = OWN_NAME.fullmatch(path.name)
            if name is None or age < older_than_seconds or name[1] in noted:
                continue
            if not is_held(path):
                found.append(StoredUpload(name[1], path.name, complete=path.suffix != PART_SUFFIX))
        return found

    def _is_idle(self) -> bool:
        """Whether nothing here is of any use to a service: no recording, and nothing in the outbox."""
        listing = self.outbox.listing()
        if listing.notes or listing.results or listing.tombstones or self.resumables.old(0):
            return False
        return not any(OWN_NAME.fullmatch(path.name) for _, path in files_with_ages(self._folder))

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""
        (self._folder / upload.name).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space, in bytes. Raises StorageUnavailable."""
        with translated("use"):
            self._folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._folder).free
