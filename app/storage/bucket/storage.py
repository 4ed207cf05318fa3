"""Recordings in a bucket, in a folder that the API and all workers share."""

import logging
import tempfile
from collections.abc import Callable, Collection
from pathlib import Path, PurePosixPath

from app.core.config import Settings
from app.core.errors import InvalidTask, StorageUnavailable, UploadTooLarge
from app.core.recording_path import RecordingPath
from app.core.validation import RECORDING_EXTENSIONS, extension_of
from app.schemas.task import Task, TaskFailure
from app.storage.base import UNLIMITED, Ended, Link, StoredUpload
from app.storage.bucket.marker import BucketMarker
from app.storage.bucket.object_path import ObjectPath
from app.storage.bucket.objects import Bucket
from app.storage.bucket.outbox import BucketOutbox, result_key
from app.storage.bucket.resumable import BucketResumables, end_of, pieces_of
from app.storage.bucket.upload import BucketUpload
from app.storage.keeping import TaskKeeping
from app.storage.names import CLIPS_EXTENSION, DOWNLOAD_EXTENSION, OWN_NAME, fetched_name, is_path_unknown

logger = logging.getLogger(__name__)

READ_BYTES = 1024 * 1024


class BucketStorage(TaskKeeping):
    """The folder of a bucket that STORAGE_URL names; see app.storage.base.Storage.

    Every method that asks the bucket raises StorageUnavailable.
    """

    place = "STORAGE_URL"
    outbox: BucketOutbox

    def __init__(self, settings: Settings) -> None:
        """Raises StorageMisconfigured."""
        self._bucket = Bucket(settings)
        super().__init__(BucketOutbox(self._bucket), keep_audio=settings.keep_audio)
        self._url = (settings.storage_url or "").rstrip("/")
        self._most_bytes = settings.max_upload_bytes
        self._seen: frozenset[str] = frozenset()
        self.resumables = BucketResumables(self._bucket)
        self.marker = BucketMarker(self._bucket)

    def check(self) -> None:
        """Try whether the bucket can be listed and written. Raises StorageMisconfigured."""
        self._bucket.check()

    def open_upload(self, task_id: str, extension: str) -> BucketUpload:
        """Begin an upload."""
        return BucketUpload(self._bucket, f"{task_id}.{extension}", self._most_bytes)

    def open_received(self, upload_id: str, task_id: str, extension: str) -> BucketUpload:
        """The bytes of a resumable upload, in one object. Raises StorageFull, UploadTooLarge: who has a link
        may have put more there since its length was looked at."""
        pieces = pieces_of(self._bucket, upload_id)
        if end_of(pieces) > self._most_bytes:
            raise UploadTooLarge(f"The upload has {end_of(pieces)} bytes; {self._most_bytes} are taken.")
        upload = self.open_upload(task_id, extension)
        try:
            for piece in pieces:
                for part in self._bucket.parts(piece):
                    upload.write(part)
        except BaseException:
            upload.abort()
            raise
        return upload

    def keep_fetched(self, task: Task, fetch: Callable[[Path], object]) -> RecordingPath:
        """Have the recording of a task written to a temporary file, and send that.

        Raises what `fetch` raises, OSError, StorageFull.
        """
        key = self._key_of(task)
        with tempfile.TemporaryDirectory(prefix="fetch-") as folder:
            path = Path(folder) / "recording"
            fetch(path)
            upload = BucketUpload(self._bucket, key, self._most_bytes)
            try:
                with path.open("rb") as file:
                    while data := file.read(READ_BYTES):
                        upload.write(data)
                return upload.recording()
            except BaseException:
                upload.abort()
                raise

    def save_clips(self, task_id: str, clips: bytes) -> None:
        """Keep clips of known speakers until the task ends. Raises StorageFull."""
        self._bucket.write(_clips_key(task_id), clips)

    def clips_of(self, task: Task) -> bytes | None:
        """Those clips; None where there are none."""
        return self._bucket.read(_clips_key(task.task_id))

    def remove_clips(self, task_id: str) -> None:
        """Remove those clips."""
        self._bucket.remove([_clips_key(task_id)])

    def recording_of(self, task: Task) -> ObjectPath | None:
        """A task's recording; None where it is not there. Raises InvalidTask."""
        return self._bucket.path(self._key_of(task))

    def check_is_inside(self, task: Task) -> None:
        """Raise InvalidTask where a task's recording lies outside the folder."""
        self._key_of(task)

    def delete(self, task: Task) -> None:
        """Remove a task's recording, if it is there and named after the task. Raises InvalidTask."""
        keys = [_clips_key(task.task_id)]
        try:
            keys += self._keys_of(task)
        finally:
            self._bucket.remove(keys)

    def finish(self, task: Task, failure: TaskFailure | None = None) -> None:
        """Forget an ended task; see `finish_all`."""
        self.finish_all([Ended(task, failure)])

    def finish_all(self, ended: Collection[Ended]) -> None:
        """Forget ended tasks as TaskKeeping does: all notes with one request, then all else with another."""
        try:
            self.outbox.remove_notes(each.task.task_id for each in ended)
            self._bucket.remove(key for each in ended for key in self._left_of(each))
        except StorageUnavailable as error:
            ids = ", ".join(each.task.task_id for each in ended)
            logger.warning("Cannot remove what the task(s) %s left in %s: %s", ids, self.place, error)

    def _left_of(self, ended: Ended) -> list[str]:
        """The keys of what is to go with the note of an ended task."""
        task, keys = ended.task, [result_key(ended.task.task_id)]
        if ended.failure is None or not self._is_wanted(ended.failure):
            keys.append(_clips_key(task.task_id))
        if not self._is_wanted(ended.failure):
            try:
                keys += self._keys_of(task)
            except InvalidTask:
                logger.warning(
                    "The recording of task %s is not ours to delete: %s", task.task_id, task.file_path
                )
        return keys

    def _keys_of(self, task: Task) -> list[str]:
        """Under which a task's recording may lie, none where it is not named after it. Raises InvalidTask."""
        key = self._key_of(task)
        if is_path_unknown(task):
            return [key, *_possible_keys(task)]
        return [key] if PurePosixPath(key).stem == task.task_id else []

    def kept_recording(self, task: Task) -> ObjectPath | None:
        """A recording that this service stored; None where it is gone."""
        likely = f"{task.task_id}.{extension_of(task.filename or '', None)}"
        for key in dict.fromkeys((task.file_path, likely)):
            name = OWN_NAME.fullmatch(key)
            if name is not None and name[1] == task.task_id and (path := self._bucket.path(key)):
                return path
        return None

    def link_to(self, path: RecordingPath) -> Link | None:
        """Where a client may GET a recording; None where the store gives no such addresses."""
        return self._bucket.link("GET", path.key) if isinstance(path, ObjectPath) else None

    def old_uploads(self, older_than_seconds: float) -> list[StoredUpload]:
        """This service's uploads, at least that old, that no note claims.

        Found twice: a store may give an object the time at which its first part came, and its note comes a
        moment after the last.
        """
        noted = self.outbox.listing().notes
        old = {
            each.key: name[1]
            for each in self._bucket.top()
            if (name := OWN_NAME.fullmatch(each.key))
            and each.age_seconds >= older_than_seconds
            and name[1] not in noted
        }
        found = [StoredUpload(old[key], key, complete=True) for key in old if key in self._seen]
        self._seen = frozenset(old)
        return found

    def remove_upload(self, upload: StoredUpload) -> None:
        """Remove such an object, if it is there."""
        self._bucket.remove([upload.name])

    def free_bytes(self) -> int:
        """A bucket has room."""
        return UNLIMITED

    def _key_of(self, task: Task) -> str:
        """The key of a task's recording. Raises InvalidTask where that lies outside the folder.

        A foreign program may have pushed the task: its path may be the whole address, or point anywhere.
        """
        if task.url is not None:
            return fetched_name(task)
        parts = task.file_path.removeprefix(f"{self._url}/").split("/")
        if any(part in ("", ".", "..") or not part.isprintable() for part in parts):
            raise InvalidTask("The task's `file_path` is no key of an object in STORAGE_URL.")
        if parts[0].startswith("."):
            raise InvalidTask("The task's `file_path` lies outside the recordings in STORAGE_URL.")
        return "/".join(parts)


def _possible_keys(task: Task) -> list[str]:
    """Under which a recording may lie whose path is not known; stores list no names that begin alike."""
    extensions = {extension_of(task.filename or "", None), DOWNLOAD_EXTENSION, *RECORDING_EXTENSIONS}
    return [f"{task.task_id}.{extension}" for extension in sorted(extensions)]


def _clips_key(task_id: str) -> str:
    return f"{task_id}.{CLIPS_EXTENSION}"
