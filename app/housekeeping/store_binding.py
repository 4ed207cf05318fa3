"""Is the place of the recordings the folder of this queue: the API makes sure, the worker looks."""

import asyncio
import logging

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ForeignFolder, StorageUnavailable
from app.queue.binding import API_SECONDS, Binding
from app.queue.clients import address_of
from app.queue.outcomes import BindOutcome
from app.storage.base import Storage
from app.storage.marker import MARKER_NAME, Marker

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 60


class StoreBinding:
    """Compares the marker in UPLOAD_DIR, or in the bucket, with what Redis knows under the queue's name."""

    def __init__(self, client: Redis, settings: Settings, storage: Storage) -> None:
        self._place = storage.place
        self._marker = storage.marker
        self._queue = settings.redis_queue_name
        self._address = address_of(settings)
        self._binding = Binding(client, settings)
        self._bound: str | None = None

    async def require(self) -> None:
        """Make sure, once, that recordings may lie here; `bind` renews it. Raises as `bind` does."""
        if self._bound is None:
            await self.bind()

    async def bind(self) -> None:
        """Say that the folder is this queue's; to be repeated.

        Raises ForeignFolder where it is another service's; StorageUnavailable where other APIs of this one
        have another, or it cannot be written; StorageFull, QueueUnavailable.
        """
        marker = await asyncio.to_thread(self._marked)
        outcome = await self._bind(marker)
        if outcome is BindOutcome.FOREIGN and await asyncio.to_thread(self._marker.is_abandoned):
            marker = await asyncio.to_thread(self._new_marker)
            outcome = await self._bind(marker)
        if outcome in (BindOutcome.FOREIGN, BindOutcome.OTHER):
            self._bound = None
        if outcome is BindOutcome.FOREIGN:
            raise ForeignFolder(self._foreign_sentence(marker), retry_after_seconds=RETRY_AFTER_SECONDS)
        if outcome is BindOutcome.OTHER:
            raise StorageUnavailable(
                f"Another API of the queue {self._queue} has another {self._place}: give both the same "
                f"folder. Where the other one is gone for good, this one goes on {API_SECONDS:.0f} s after "
                "its end.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        if outcome is BindOutcome.CHANGED:
            logger.warning(
                "The queue %s has another %s than before: workers that still have the earlier one take no "
                "tasks",
                self._queue,
                self._place,
            )
        await asyncio.to_thread(self._keep, marker)
        self._bound = marker.store_id

    async def leave(self) -> None:
        """This API ends. Raises QueueUnavailable."""
        self._marker.leave()
        if self._bound is not None:
            await self._binding.leave()

    async def problem(self) -> str | None:
        """Why a worker must not use what lies there; None where it may. Raises QueueUnavailable."""
        known = await self._binding.known()
        try:
            marker = await asyncio.to_thread(self._marker.read)
        except StorageUnavailable as error:
            return error.detail
        if known is not None and (marker is None or marker.store_id != known):
            return (
                f"{self._place} is not the folder of the API: its marker {MARKER_NAME} is "
                f"{'missing' if marker is None else 'that of another folder'}. Set {self._place} to the "
                "API's; a volume must be mounted here."
            )
        if known is None and marker is not None and not marker.is_of(self._queue, self._address):
            return self._foreign_sentence(marker)
        return None

    async def _bind(self, marker: Marker) -> BindOutcome:
        is_ours = marker.is_of(self._queue, self._address)
        return await self._binding.bind(marker.store_id, self._bound, may_be_ours=is_ours)

    def _new_marker(self) -> Marker:
        marker = Marker.new(self._queue, self._address)
        self._marker.write(marker, replace=True)
        return marker

    def _keep(self, marker: Marker) -> None:
        """Note under which address we know its Redis, and that we are alive."""
        if not marker.is_of(self._queue, self._address):
            self._marker.write(marker.known_at(self._address), replace=True)
        try:
            self._marker.keep()
        except OSError as error:
            logger.warning("The marker %s in %s cannot be locked: %s", MARKER_NAME, self._place, error)

    def _marked(self) -> Marker:
        """The marker of the folder, which gets one where it has none."""
        marker = self._marker.read()
        if marker is not None:
            return marker
        marker = Marker.new(self._queue, self._address)
        if self._marker.write(marker, replace=False):
            return marker
        others = self._marker.read()  # another API was faster
        if others is None:  # it is damaged
            self._marker.write(marker, replace=True)
        return others or marker

    def _foreign_sentence(self, marker: Marker) -> str:
        return (
            f"{self._place} belongs to the service with the queue {marker.queue} at the Redis "
            f"{' or '.join(marker.addresses)}: set {self._place} to a folder of this service's own. Where "
            f"that service has moved here, remove {MARKER_NAME} from the folder: its tasks are taken over."
        )
