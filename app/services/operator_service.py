"""What an operator wants to see: the queue, the workers, the figures."""

from redis.asyncio import Redis

from app.core.config import Settings
from app.observability.metrics import Snapshot
from app.queue.admin import Admin
from app.queue.outlook import Outlook
from app.queue.pace import Pace
from app.queue.reader import TaskReader
from app.queue.totals import Totals


class OperatorService:
    """Looks at everything at once. Raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._admin = Admin(client, settings)
        self._reader = TaskReader(client, settings)
        self._outlook = Outlook(client, settings)
        self._totals = Totals(client, settings)
        self._pace = Pace(client, settings)

    async def snapshot(self) -> Snapshot:
        """The figures of this moment."""
        workers = await self._reader.live_workers()
        return Snapshot(
            overview=await self._admin.overview(),
            workers=len(workers),
            running=sum(worker.holding for worker in workers),
            audio_seconds_waiting=await self._outlook.audio_seconds(),
            totals=await self._totals.read(),
            pace=await self._pace.by_model(),
        )
