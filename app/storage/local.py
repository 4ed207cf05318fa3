"""Recordings in UPLOAD_DIR, a folder that the API and all workers share."""

import logging
import os
import re
import shutil
from pathlib import Path

from app.core.config import Settings
from app.core.errors import WORTH_ANOTHER_TRY, InvalidTask, StorageFull, StorageUnavailable
from app.core.file_locks import hold, is_held
from app.schemas.task import Task, TaskFailure
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
from app.storage.outbox import LocalOutbox
from app.storage.resumable import LocalResumables

logger = logging.getLogger(__name__)

DOWNLOAD_EXTENSION = "download"
"""Of recordings that a worker fetches from addresses without one."""

CLIPS_EXTENSION = "known_speaker_clips"
"""Longer than the extension of a recording can be."""

_OWN_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([A-Za-z0-9_]+)")
"""A UUID and an extension: foreign programs' files in the folder are never touched by housekeeping."""

_EXTENSION = re.compile(r"(?!(part|json)$)[A-Za-z0-9_]{1,16}")
"""Of recordings; `part` and `json` are those of what is kept beside them."""


class LocalUpload:
    """A file `<task id>.part` that becomes `<task id>.<extension>`; empty, or another name of `source`."""

    def __init__(self, folder: Path, task_id: str, source: Path | None = None) -> None:
        self._task_id = task_id
        self._path = folder / f"{task_id}{PART_SUFFIX}"
        with translated("write"):
            folder.mkdir(parents=True, exist_ok=True)
            self._file = create(self._path) if source is None else second_name(source, self._path)
        hold(self._file)

    @property
    def path(self) -> Path:
        """Where the bytes are now."""
        return self._path

    def write(self, data: bytes | bytearray) -> None:
        """Append. Raises StorageFull, StorageUnavailable."""
        with translated("write"):
            write_all(self._file, data)

    def commit(self, extension: str) -> str:
        """Make the upload durable under its final name, which is returned. Raises as `write` does."""
        final = self._path.with_name(f"{self._task_id}.{extension}")
        with translated("write"):
            os.fsync(self._file.fileno())
            self._file.close()
            self._path.rename(final)
            self._path = final
            sync_folder(final.parent)
        return final.name

    def abort(self) -> None:
        """Remove all of it, committed or not; may be called more than once."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class LocalStorage:
    """UPLOAD_DIR and the outbox in it."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.upload_dir
        self._outbox_folder = settings.outbox_dir
        self._keep_audio = settings.keep_audio
        self.outbox = LocalOutbox(settings)
        self.resumables = LocalResumables(settings)

    def open_upload(self, task_id: str) -> LocalUpload:
        """Begin an upload. Raises StorageFull, StorageUnavailable."""
        return LocalUpload(self._folder, task_id)

    def open_received(self, upload_id: str, task_id: str) -> LocalUpload:
        """The bytes of a resumable upload as an upload. Raises StorageFull, StorageUnavailable."""
        return LocalUpload(self._folder, task_id, self.resumables.path_of(upload_id))

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

    def _clips_path(self, task_id: str) -> Path:
        return self._folder / f"{task_id}.{CLIPS_EXTENSION}"

    def path_of(self, task: Task) -> Path:
        """File of a task's recording, links resolved. Raises InvalidTask where it lies outside UPLOAD_DIR.

        A foreign program may have pushed the task: its path may point anywhere, or begin with UPLOAD_DIR.
        What a worker fetches lies under the name of its task, whatever path the task gives, so that no other
        file is overwritten or taken for it.
        """
        folder, outbox = self._folder.resolve(), self._outbox_folder.resolve()
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
        self._clips_path(task.task_id).unlink(missing_ok=True)
        path = self.path_of(task)
        if path.stem == task.task_id:
            path.unlink(missing_ok=True)

    def keep_result(self, task: Task, result: str) -> str | None:
        """Keep a task's first result beside its note; the one that counts, None of a deleted task."""
        if self.outbox.deleted([task.task_id]):
            return None
        if not self._is_noted(task):
            return result
        try:
            return self.outbox.save_result(task.task_id, result)
        except (StorageFull, StorageUnavailable) as error:
            logger.warning("The result of task %s is not kept in UPLOAD_DIR: %s", task.task_id, error)
            return result

    def keep_failed(self, task: Task, failure: TaskFailure | None) -> None:
        """Keep the recording of a task that has just failed, until `finish`; nothing of a deleted task."""
        if self.outbox.deleted([task.task_id]):
            self.finish(task)
        elif not self._is_noted(task):
            self.finish(task, failure)

    def _is_noted(self, task: Task) -> bool:
        """Make sure that there is a note: without one nobody would remove the recording.

        A task that a foreign program pushed gets its note at its end; False where it can get none.
        """
        try:
            self.path_of(task)
            if not self.outbox.holds(task.task_id):
                self.outbox.save(task)
        except InvalidTask:
            logger.warning("The recording of task %s is not ours to keep: %s", task.task_id, task.file_path)
        except (StorageFull, StorageUnavailable) as error:
            logger.warning("Task %s gets no note in UPLOAD_DIR: %s", task.task_id, error)
        else:
            return True
        return False

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Forget an ended task: its note, and its recording unless KEEP_AUDIO.

        The recording of a failure worth another try stays too, until its dead letter is dropped or expires.
        The note goes first: a recording without a note is removed as an orphan, a note without its recording
        would bring the task back. What cannot be removed is logged; the task has ended all the same.
        """
        wanted = self._keep_audio or (failure is not None and failure.code in WORTH_ANOTHER_TRY)
        try:
            self.outbox.remove(task.task_id)
            if failure is None:
                self._clips_path(task.task_id).unlink(
                    missing_ok=True
                )  # voices are kept no longer than needed
            if not wanted:
                self.delete(task)
        except InvalidTask:
            logger.warning("The recording of task %s is not ours to delete: %s", task.task_id, task.file_path)
        except (OSError, StorageUnavailable) as error:
            logger.warning("Cannot remove what task %s left in UPLOAD_DIR: %s", task.task_id, error)

    def discard(self, task: Task) -> None:
        """Remove what lies here of a deleted task, and leave a tombstone.

        The tombstone comes first. Where the disk is too full for it, the recording makes room.
        Raises StorageFull, StorageUnavailable.
        """
        try:
            self.outbox.bury(task)
        except StorageFull:
            self._remove_recording(task)
            self.outbox.bury(task)
        self._remove_recording(task)

    def _remove_recording(self, task: Task) -> None:
        """Raises StorageUnavailable."""
        with translated("clear"):
            try:
                self.delete(task)
            except InvalidTask:
                logger.warning("The recording of task %s is not ours to delete", task.task_id)

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """Files of this service's uploads, at least that old, that no note claims and nobody writes now."""
        noted = self.outbox.listing().notes
        found = []
        for age, path in files_with_ages(self._folder):
            name = _OWN_NAME.fullmatch(path.name)
            if name is None or age < older_than_seconds or name[1] in noted:
                continue
            if not is_held(path):
                found.append(StoredUpload(name[1], path.name, complete=path.suffix != PART_SUFFIX))
        return found

    def is_idle(self) -> bool:
        """Whether nothing here is of any use to a service: no recording, and nothing in the outbox."""
        listing = self.outbox.listing()
        if listing.notes or listing.results or listing.tombstones or self.resumables.old(0):
            return False
        return not any(_OWN_NAME.fullmatch(path.name) for _, path in files_with_ages(self._folder))

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such a file, if it is there."""
        (self._folder / upload.name).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """Free space, in bytes. Raises StorageUnavailable."""
        with translated("use"):
            self._folder.mkdir(parents=True, exist_ok=True)
            return shutil.disk_usage(self._folder).free
