"""Recordings that clients put straight into the bucket."""

from anyio import to_thread

from app.core.errors import DirectUploadsOff
from app.schemas.resumable import ResumableUpload
from app.services.resumable_uploads import ResumableUploads
from app.storage.base import Link, Storage


class DirectUploads:
    """The use case of an upload past this service, which becomes a task as one in several requests does."""

    def __init__(self, storage: Storage, uploads: ResumableUploads) -> None:
        self._resumables = storage.resumables
        self._uploads = uploads

    async def begin(self, upload: ResumableUpload) -> Link:
        """Begin one; where its bytes are to be put.

        Raises DirectUploadsOff, UploadTooLarge, UnsupportedExtension, StorageFull, StorageUnavailable.
        """
        link = await to_thread.run_sync(self._resumables.link_to, upload.upload_id)
        if link is None:
            raise DirectUploadsOff(
                "This server does not keep recordings in a bucket that clients can write (STORAGE_URL); send "
                "the recording to POST /transcribe/, or in several requests to /uploads/."
            )
        await self._uploads.begin(upload)
        return link
