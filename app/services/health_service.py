"""Is the service ready: the queue, the upload folder, and what workers cannot use."""

from dataclasses import replace

from anyio import to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import CapacityError, ForeignFolder
from app.housekeeping.store_binding import StoreBinding
from app.queue.troubles import Troubles
from app.schemas.operations import TroubleView
from app.services.redis_service import Readiness, RedisService
from app.storage.base import Storage


class HealthService:
    """Asks all that an upload and its task need."""

    def __init__(
        self,
        client: Redis,
        settings: Settings,
        queue: RedisService,
        folder: StoreBinding,
        storage: Storage,
    ) -> None:
        self._storage = storage
        self._queue = queue
        self._folder = folder
        self._troubles = Troubles(client, settings)

    async def readiness(self) -> tuple[Readiness, tuple[TroubleView, ...]]:
        """Whether tasks can be taken, and what living workers cannot use."""
        readiness = await self._queue.readiness()
        if not readiness.ready:
            return readiness, ()
        try:
            await to_thread.run_sync(self._storage.check)
            await self._folder.require()
            told = (await self._troubles.of_the_living()).values()
        except CapacityError as error:
            unready = replace(readiness, ready=False, status="unavailable", detail=error.detail)
            is_foreign = isinstance(error, ForeignFolder)
            return (replace(unready, status="foreign_folder") if is_foreign else unready), ()
        troubles = tuple(view for each in told for view in each.views)
        impaired = sum(bool(each.views) for each in told)
        if impaired:
            whose = f"{impaired} of {readiness.workers} workers leave tasks to others"
            readiness = replace(readiness, detail=f"Redis answers; {whose}, see `troubles`.")
        return readiness, troubles
