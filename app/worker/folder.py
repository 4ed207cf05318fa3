"""Whether the UPLOAD_DIR of this worker is the folder of its queue."""

import logging

from app.core.errors import QueueUnavailable
from app.housekeeping.store_binding import StoreBinding

logger = logging.getLogger(__name__)


class FolderWatch:
    """Looks at the folder. Without it no task is taken, and what was taken already goes back uncharged."""

    def __init__(self, folder: StoreBinding) -> None:
        self._folder = folder
        self.problem: str | None = None

    async def look(self) -> None:
        """Look anew. Raises QueueUnavailable, and then nothing has changed."""
        problem = await self._folder.problem()
        if problem != self.problem:
            if problem is None:
                logger.warning("UPLOAD_DIR is the queue's folder again: this worker takes tasks")
            else:
                logger.error("This worker takes no tasks. %s", problem)
        self.problem = problem

    async def is_away(self) -> bool:
        """Look anew where Redis can be asked, and tell whether the recordings are not seen here."""
        try:
            await self.look()
        except QueueUnavailable as error:
            logger.warning("Whether the recordings are the queue's own is not known: %s", error)
        return self.problem is not None
