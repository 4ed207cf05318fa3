"""Recordings that were sent while they were made, and whose page was closed: they still become tasks."""

import logging
from collections.abc import AsyncIterator

from app.core.config import Settings
from app.core.errors import RequestError
from app.schemas.caller import Caller
from app.schemas.resumable import ResumableUpload
from app.services.audio_service import AudioService, UploadRequest
from app.services.options import OPTIONS, UPLOAD, options_of
from app.services.receiving import FormPart
from app.services.resumable_uploads import ResumableUploads

logger = logging.getLogger(__name__)


class LeftUploads:
    """To be looked for now and then, by any API."""

    def __init__(self, settings: Settings, uploads: ResumableUploads, audio: AudioService) -> None:
        self._settings = settings
        self._uploads = uploads
        self._audio = audio
        self._refused: set[str] = set()

    async def finish(self) -> int:
        """Make tasks of them; how many. Raises CapacityError, OSError.

        What is refused stays until it expires: nobody is here to be told, but somebody may come back for it.
        """
        await self._uploads.remove_expired()
        finished = 0
        for upload in await self._uploads.left():
            if upload.upload_id in self._refused:
                continue
            try:
                accepted = await self._audio.accept(_nothing(), self._request(upload))
            except RequestError as error:
                self._refused.add(upload.upload_id)
                logger.warning("The upload %s was left, and becomes no task: %s", upload.upload_id, error)
            else:
                finished += 1
                logger.info("Its upload was left by its client", extra={"task_id": accepted.task_id})
        return finished

    def _request(self, upload: ResumableUpload) -> UploadRequest:
        values: dict[str, list[str]] = {name: [] for name in OPTIONS}
        values |= {name: [value] for name, value in (upload.transcribe or {}).items()}
        return UploadRequest(
            values=values | {UPLOAD: [upload.upload_id]},
            read=lambda given: options_of(given, self._settings),
            caller=Caller(upload.owner),
        )


async def _nothing() -> AsyncIterator[FormPart]:
    """A form without a field."""
    parts: tuple[FormPart, ...] = ()
    for part in parts:
        yield part
