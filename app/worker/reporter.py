"""Looks at what this worker can use, and tells it: to Redis, and to the pulse file.

In Redis it is for health and metrics, and for the other workers.
"""

from app.queue.room import Demand
from app.queue.troubles import Troubles
from app.schemas.operations import WorkerTroubles
from app.worker.folder import FolderWatch
from app.worker.health import Pulse
from app.worker.models import ModelWatch
from app.worker.stage_totals import StageTotals


class Reporter:
    """The worker's view of itself."""

    def __init__(
        self,
        worker_id: str,
        troubles: Troubles,
        folder: FolderWatch,
        models: ModelWatch,
        pulse: Pulse,
        stages: StageTotals,
    ) -> None:
        self._worker_id = worker_id
        self._troubles = troubles
        self._folder = folder
        self._models = models
        self._pulse = pulse
        self._stages = stages

    @property
    def sees_folder(self) -> bool:
        """Whether this worker sees the recordings, as far as is known."""
        return self._folder.problem is None

    @property
    def unwanted(self) -> frozenset[Demand]:
        """Tasks that are left to other workers now."""
        return self._models.unwanted

    async def look(self) -> None:
        """Look anew, and tell. Raises QueueUnavailable."""
        await self._folder.look()
        await self._models.look()
        await self.tell()
        await self._stages.tell()

    async def tell(self) -> None:
        """Tell Redis what is known now. Raises QueueUnavailable."""
        await self._troubles.tell(self._worker_id, self._now)

    def beat(self) -> None:
        """The lease has just been renewed."""
        self._pulse.beat(self._now)

    async def leave(self) -> None:
        """The worker ends: nothing is to be known of it any more. Raises QueueUnavailable."""
        await self._troubles.tell(self._worker_id, WorkerTroubles())

    def end(self) -> None:
        """The worker has ended."""
        self._pulse.end()

    @property
    def _now(self) -> WorkerTroubles:
        return WorkerTroubles(storage=self._folder.problem, models=self._models.troubles)
