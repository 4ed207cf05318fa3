"""Whether the UPLOAD_DIR of this worker is the folder of its queue."""

import logging

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
