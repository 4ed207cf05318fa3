"""What an operator wants to see and to mend: the queue, the workers, dead letters, the figures."""

import asyncio
import contextlib
import shutil
from collections import Counter

from anyio import to_thread
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import ArchiveUnavailable, CannotRetry, StorageUnavailable, TaskNotFound
from app.observability.metrics import Snapshot
from app.queue.admin import Admin, DeadLetter, WorkerHoldings
from app.queue.backlog import Backlog, Left
from app.queue.counters import Counters
from app.queue.eta import RealTimeFactors
from app.queue.outcomes import ReviveOutcome
from app.queue.payload import parse_task
from app.schemas.operations import (
    ArchiveView,
    DeadLetters,
    DeadLetterView,
    Overview,
    QueueFigures,
    WorkerView,
)
from app.services.archive_service import ArchiveService
from app.storage.base import UNLIMITED, Storage

DISK_LOOK_SECONDS = 2.0
"""A network disk may hang: the other figures are told all the same."""


class OperatorService:
    """Looks at everything at once. Raises QueueUnavailable."""

    def __init__(
        self, client: Redis, settings: Settings, storage: Storage, archive: ArchiveService | None = None
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._archive = archive
        self._disk_look: asyncio.Task[dict[str, int]] | None = None
        self._admin = Admin(client, settings)
        self._backlog = Backlog(client, settings)
        self._counters = Counters(client, settings)
        self._real_time_factors = RealTimeFactors(client, settings)

    async def overview(self) -> Overview:
        """Queue, workers and figures of this moment."""
        holdings, left = await self._work()
        workers = tuple(
            WorkerView(
                worker_id=each.worker_id,
                lease_seconds_left=round(each.lease_seconds_left, 1),
                task_ids=each.task_ids,
                troubles=each.troubles.views,
            )
            for each in holdings
        )
        counts = await self._admin.overview()
        return Overview(
            queue=QueueFigures(
                waiting=counts.waiting,
                high=counts.high,
                delayed=counts.delayed,
                dead=counts.dead,
                running=sum(len(worker.task_ids) for worker in workers),
                oldest_seconds=counts.oldest_seconds,
                audio_seconds=left.audio_seconds,
                work_seconds=left.work_seconds,
            ),
            workers=workers,
            totals=await self._counters.read(),
            pace=await self._real_time_factors.by_model(),
            archive=await self._archive_view(),
        )

    async def _work(self) -> tuple[list[WorkerHoldings], Left]:
        """What each worker holds, and the work that is left; what waits is read first (`Backlog.waiting`)."""
        waiting = await self._backlog.waiting()
        holdings = await self._admin.workers()
        return holdings, await self._backlog.left(
            waiting, [held for each in holdings for held in each.payloads]
        )

    async def snapshot(self) -> Snapshot:
        """The same for the metrics."""
        now = await self.overview()
        alive = [worker for worker in now.workers if worker.lease_seconds_left > 0]
        troubles = [
            each for worker in alive for each in {(each.kind, each.model) for each in worker.troubles}
        ]
        return Snapshot(
            queue=now.queue,
            workers=len(alive),
            workers_without_storage=sum(kind == "storage" for kind, _ in troubles),
            workers_without_model=Counter(model for _, model in troubles if model is not None),
            totals=now.totals,
            pace=now.pace,
            has_archive=self._archive is not None,
            archive=now.archive,
            free_bytes=await self._free_bytes_soon(),
            min_free_bytes=self._settings.min_free_disk_bytes,
        )

    async def _free_bytes_soon(self) -> dict[str, int]:
        """As `_free_bytes`; nothing while a disk hangs, which then holds one thread in all."""
        if self._disk_look is None or self._disk_look.done():
            self._disk_look = asyncio.create_task(to_thread.run_sync(self._free_bytes))
        done, _ = await asyncio.wait([self._disk_look], timeout=DISK_LOOK_SECONDS)
        return self._disk_look.result() if done else {}

    def _free_bytes(self) -> dict[str, int]:
        """Free space by folder; without a bucket, and without a folder that cannot be used: the other figures
        are told all the same."""
        free = {}
        with contextlib.suppress(StorageUnavailable):
            free["uploads"] = self._storage.free_bytes()
        with contextlib.suppress(OSError):
            free["data"] = shutil.disk_usage(self._settings.data_dir).free
        return {folder: count for folder, count in free.items() if count != UNLIMITED}

    async def _archive_view(self) -> ArchiveView | None:
        """None where there is no archive, or where it is away: the other figures are told all the same."""
        if self._archive is None:
            return None
        try:
            figures = await self._archive.figures()
        except ArchiveUnavailable:
            return None
        return ArchiveView(
            transcripts=figures.transcripts,
            used_bytes=figures.used_bytes,
            limit_bytes=figures.limit_bytes,
            nearly_full=figures.is_nearly_full,
        )

    async def dead_letters(self, limit: int) -> DeadLetters:
        """The newest dead letters."""
        return DeadLetters(letters=tuple(_view(letter) for letter in await self._admin.dead_letters(limit)))

    async def requeue(self, reference: str) -> None:
        """Queue a dead letter anew. Raises TaskNotFound; CannotRetry where it waits, runs or is done."""
        outcome = await self._admin.requeue(reference)
        if outcome is None:
            raise TaskNotFound("There is no dead letter of this reference.")
        if outcome is not ReviveOutcome.REVIVED:
            raise CannotRetry(f"The task cannot be queued anew: it is {outcome.lower()}.")

    async def drop(self, reference: str) -> None:
        """Remove a dead letter. Raises TaskNotFound."""
        if not await self._admin.drop(reference):
            raise TaskNotFound("There is no dead letter of this reference.")


def _view(letter: DeadLetter) -> DeadLetterView:
    task = parse_task(letter.payload)
    return DeadLetterView(
        reference=letter.reference,
        task_id=letter.task_id,
        filename=task.filename if task else None,
        code=letter.failure.code if letter.failure else None,
        message=letter.failure.message if letter.failure else None,
        attempts=letter.attempts,
        finished_at=letter.finished_at,
    )
