"""Recordings that were sent while they were made, and whose page was closed: they still become tasks."""

import logging
import time
from collections.abc import AsyncIterator, Collection

from anyio import to_thread

from app.core.config import Settings
from app.core.errors import CapacityError, QuotaExceeded, RequestError
from app.queue.reader import TaskLookup
from app.schemas.caller import Caller
from app.schemas.resumable import ResumableUpload
from app.services.audio_service import AudioService
from app.services.options import OPTIONS, UPLOAD, parse_options
from app.services.receiving import FormPart
from app.services.resumable_uploads import known_task_id
from app.services.upload_request import UploadRequest
from app.storage.base import Storage, StoredResumable

logger = logging.getLogger(__name__)

PART_SECONDS = 60.0
"""Age at which a half written file, which takes a moment to write, is nobody's any more."""

TRY_AGAIN_SECONDS = 600.0
"""After so long what was refused is tried once more: the reason may have been a host that had no name, or a
quota of the day."""


class LeftUploads:
    """To be looked for now and then, by any API."""

    def __init__(self, settings: Settings, storage: Storage, tasks: TaskLookup, audio: AudioService) -> None:
        self._settings = settings
        self._resumables = storage.resumables
        self._tasks = tasks
        self._audio = audio
        self._refused: dict[tuple[str, int], float] = {}
        self._began = time.monotonic()

    async def finish(self) -> int:
        """Make tasks of them, and remove what has expired; how many tasks. Raises CapacityError, OSError.

        What is refused stays until it expires: nobody is here to be told, but somebody may come back for it.
        All others stay until they are tasks, however long that takes.
        """
        left = await self._left()
        self._forget_refused(set(map(_key, left)))
        outcomes = [await self._finish(each) for each in left if self._is_due(each)]
        refused = {upload_id for upload_id, _ in self._refused}
        await self._remove_expired({each.upload.upload_id for each in left} - refused)
        failures = [each for each in outcomes if isinstance(each, CapacityError)]
        if failures:
            raise failures[0]
        return outcomes.count(True)

    def _forget_refused(self, left: Collection[tuple[str, int]]) -> None:
        """Those that are gone, or went on; not those whose last try is younger than what makes an upload a
        left one."""
        now = time.monotonic()
        self._refused = {key: at for key, at in self._refused.items() if key in left or at > now}

    async def _left(self) -> list[StoredResumable]:
        """Those that are to become tasks: their clients have gone away."""
        silent = await to_thread.run_sync(self._resumables.silent, self._settings.left_upload_seconds)
        found = [await to_thread.run_sync(self._resumables.read, upload_id) for upload_id in silent]
        left = [each for each in found if each is not None and _is_left(each)]
        return [each for each in left if await known_task_id(self._tasks, each.upload) is None]

    async def _remove_expired(self, keep: Collection[str]) -> None:
        """Remove those that got no byte for RESUMABLE_UPLOAD_SECONDS, but not those of `keep`."""
        await to_thread.run_sync(self._resumables.remove_parts, PART_SECONDS)
        for upload_id in await to_thread.run_sync(
            self._resumables.old, self._settings.resumable_upload_seconds
        ):
            if upload_id not in keep:
                await to_thread.run_sync(self._resumables.remove, upload_id)

    def _is_due(self, left: StoredResumable) -> bool:
        """Clients whose API has just come back are on their way; what was refused has time."""
        if time.monotonic() - self._began < self._settings.left_upload_seconds:
            return False
        return self._refused.get(_key(left), 0.0) <= time.monotonic()

    async def _finish(self, left: StoredResumable) -> bool | CapacityError:
        """Whether it is a task now; why it cannot be one for the moment."""
        upload = left.upload
        try:
            accepted = await self._audio.accept(_nothing(), self._request(upload))
        except (RequestError, QuotaExceeded) as error:
            if _key(left) not in self._refused:
                logger.warning("The upload %s was left, and becomes no task: %s", upload.upload_id, error)
            self._refused[_key(left)] = time.monotonic() + TRY_AGAIN_SECONDS
            return False
        except CapacityError as error:
            return error
        logger.info("Its upload was left by its client", extra={"task_id": accepted.task_id})
        return True

    def _request(self, upload: ResumableUpload) -> UploadRequest:
        values: dict[str, list[str]] = {name: [] for name in OPTIONS}
        values |= {name: [value] for name, value in (upload.transcribe or {}).items()}
        return UploadRequest(
            values=values | {UPLOAD: [upload.upload_id]},
            read=lambda given: parse_options(given, self._settings),
            caller=Caller(upload.owner),
            is_left=True,
        )


def _is_left(stored: StoredResumable) -> bool:
    """Whether what came is all that may be hoped for; a part of a file that is no live recording is none."""
    upload = stored.upload
    is_whole = upload.is_live or upload.length == stored.offset
    return upload.transcribe is not None and stored.offset > 0 and is_whole


def _key(left: StoredResumable) -> tuple[str, int]:
    """What was refused may be accepted once more of it is here."""
    return left.upload.upload_id, left.offset


async def _nothing() -> AsyncIterator[FormPart]:
    """A form without a field."""
    parts: tuple[FormPart, ...] = ()
    for part in parts:
        yield part
