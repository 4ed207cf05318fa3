"""Whether there is room on the disk for recordings that are yet to be fetched."""

import asyncio
import logging

from app.core.config import Settings
from app.core.errors import StorageUnavailable
from app.storage.base import Storage

logger = logging.getLogger(__name__)


class DiskWatch:
    """Looks at the free space. Tasks that need a download wait for it, which costs them no attempt."""

    def __init__(self, settings: Settings, storage: Storage) -> None:
        self._least = settings.min_free_disk_bytes
        self._storage = storage
        self.has_room = True

    async def look(self) -> None:
        """Look anew."""
        try:
            has_room = await asyncio.to_thread(self._storage.free_bytes) >= self._least
        except StorageUnavailable:
            has_room = False
        if has_room != self.has_room:
            logger.warning(
                "Recordings are fetched again"
                if has_room
                else "No recording is fetched: UPLOAD_DIR has less free space than MIN_FREE_DISK_MB"
            )
        self.has_room = has_room
