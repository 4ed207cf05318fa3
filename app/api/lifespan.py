"""What lives as long as the API: the Redis client, the services, and the housekeeping."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TypedDict

from anyio import CapacityLimiter
from fastapi import FastAPI
from redis.asyncio import Redis

from app.api.deps import Services
from app.api.rendering import Renderer
from app.archive.archive import Archive
from app.core.api_keys import ApiKeys
from app.core.background import end
from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.core.errors import CapacityError
from app.core.stopping import Stopping
from app.core.tracing import stop_tracing
from app.housekeeping.outbox_sweep import OutboxSweep
from app.housekeeping.store_binding import StoreBinding
from app.observability.metrics import Metrics
from app.queue.awaited import AwaitedTasks
from app.queue.cached_results import CachedResults
from app.queue.clients import command_client
from app.queue.eta import EtaEstimator
from app.queue.idempotency_keys import IdempotencyKeys
from app.queue.rate_limits import RateLimiter
from app.queue.usage import UsageCounter
from app.services.archive_service import ArchiveService
from app.services.audio_service import AudioService
from app.services.correction_service import CorrectionService
from app.services.direct_uploads import DirectUploads
from app.services.health_service import HealthService
from app.services.idempotency import Idempotency
from app.services.indexing import TranscriptIndexer
from app.services.left_uploads import LeftUploads
from app.services.library_service import LibraryService
from app.services.model_service import ModelService
from app.services.operator_service import OperatorService
from app.services.redis_service import RedisService
from app.services.result_cache import ResultCache
from app.services.resumable_uploads import ResumableUploads
from app.services.share_service import ShareService
from app.services.summary_service import SummaryService
from app.services.task_service import TaskService
from app.services.waiting_service import WaitingService
from app.services.webhook_service import WebhookService
from app.storage.base import Storage
from app.storage.opening import open_storage
from app.summaries.summariser import Summariser

logger = logging.getLogger(__name__)

TIDY_SECONDS = 600.0

WEBHOOKS_AT_ONCE = 8

SUMMARIES_AT_ONCE = 2
"""Of one API: a chat server of one's own hardly does more, others have limits."""

GUESTS_AT_ONCE = 2
"""Shared transcripts that are read and laid out at a time: a link may be anywhere. Who has a key does not
wait behind a crowd of those who have none, nor does the memory fill with what these wait for."""


class State(TypedDict):
    """What every request finds in `request.state`."""

    services: Services


@dataclass(slots=True)
class _Chore:
    """Something to be done every `seconds`; `due` on the clock of `time.monotonic`."""

    run: Callable[[], Awaitable[object]]
    seconds: float
    due: float = 0.0


class Housekeeping:
    """Does each chore in its time; goes on when Redis or the disk are away."""

    def __init__(
        self,
        settings: Settings,
        queue: RedisService,
        folder: StoreBinding,
        outbox: OutboxSweep,
        waiting: WaitingService,
        left: LeftUploads,
        usage: UsageCounter,
        archive: ArchiveService | None = None,
    ) -> None:
        self._pause = settings.maintenance_seconds
        self._backoff = Backoff(
            logger, "Housekeeping", first_seconds=self._pause, quiet_seconds=QUIET_SECONDS
        )
        self._chores = [
            _Chore(queue.maintain, settings.maintenance_seconds),
            # Where the folder is not ours it raises, and what follows is left undone.
            _Chore(folder.bind, settings.maintenance_seconds),
            _Chore(outbox.sweep_when_due, settings.maintenance_seconds),
            _Chore(outbox.remove_orphans, TIDY_SECONDS),
            _Chore(waiting.remove_orphans, settings.maintenance_seconds),
            _Chore(left.finish, settings.maintenance_seconds),
            _Chore(usage.settle_when_due, settings.maintenance_seconds),
        ]
        if archive is not None:
            self._chores.append(_Chore(archive.tidy_when_due, settings.maintenance_seconds))

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            try:
                await self._round()
                self._backoff.succeeded()
                pause = self._pause
            except Exception as error:
                pause = self._backoff.failed(error, unexpected=not isinstance(error, CapacityError))
            await asyncio.sleep(pause)

    async def _round(self) -> None:
        for chore in self._chores:
            if chore.due <= time.monotonic():
                await chore.run()
                chore.due = time.monotonic() + chore.seconds


def intake_of(
    client: Redis,
    settings: Settings,
    storage: Storage,
    folder: StoreBinding,
    queue: RedisService,
    tasks: TaskService,
    usage: UsageCounter,
    archive: ArchiveService | None = None,
) -> tuple[ResumableUploads, AudioService]:
    """What takes recordings; `tasks` knows which of them came before."""
    uploads = ResumableUploads(settings, storage, folder, tasks)
    audio = AudioService(
        settings,
        storage,
        folder,
        queue,
        ResultCache(settings, storage, queue, CachedResults(client, settings), archive),
        Idempotency(IdempotencyKeys(client, settings), tasks),
        AwaitedTasks(client, settings),
        uploads,
        tasks,
        usage,
    )
    return uploads, audio


def lifespan_of(
    settings: Settings, metrics: Metrics
) -> Callable[[FastAPI], contextlib.AbstractAsyncContextManager[State]]:
    """The lifespan of an API with these settings."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        stopping = Stopping()
        client = command_client(settings)
        storage = open_storage(settings)
        queue = RedisService(client, settings)
        folder = StoreBinding(client, settings, storage)
        archive = Archive.from_settings(settings, TranscriptIndexer()) if settings.archive else None
        archiving = ArchiveService(client, settings, storage, archive) if archive else None
        outbox = OutboxSweep(client, settings, storage, archiving)
        webhooks = WebhookService(client, settings, storage)
        eta = EtaEstimator(client, settings)
        tasks = TaskService(client, settings, storage, eta, stopping, archiving)
        corrections = CorrectionService(tasks, archiving)
        summariser = Summariser(settings) if settings.summary_url and archiving else None
        summaries = SummaryService(settings, tasks, archiving, summariser)
        waiting = WaitingService(settings, AwaitedTasks(client, settings), tasks, stopping)
        usage = UsageCounter(client, settings)
        uploads, audio = intake_of(client, settings, storage, folder, queue, tasks, usage, archiving)
        left = LeftUploads(settings, storage, tasks, audio)
        housekeeping = Housekeeping(settings, queue, folder, outbox, waiting, left, usage, archiving)
        background = [
            asyncio.create_task(housekeeping.run()),
            *(asyncio.create_task(webhooks.run()) for _ in range(WEBHOOKS_AT_ONCE)),
            *([asyncio.create_task(archiving.prepare())] if archiving else []),
            *(asyncio.create_task(summaries.run()) for _ in range(SUMMARIES_AT_ONCE if summariser else 0)),
        ]
        services = Services(
            settings=settings,
            keys=ApiKeys(settings.key_hashes),
            audio=audio,
            uploads=uploads,
            direct=DirectUploads(storage, uploads),
            health=HealthService(client, settings, queue, folder, storage),
            tasks=tasks,
            corrections=corrections,
            library=LibraryService(tasks, archiving),
            shares=ShareService(tasks, corrections, archiving),
            summaries=summaries,
            waiting=waiting,
            limiter=RateLimiter(client, settings),
            usage=usage,
            operator=OperatorService(client, settings, storage, archiving),
            models=ModelService(client, settings),
            metrics=metrics,
            renderer=Renderer(),
            guests=CapacityLimiter(GUESTS_AT_ONCE),
        )
        try:
            with stopping.heard():
                yield {"services": services}
        finally:
            await end(background)
            if summariser is not None:
                await summariser.close()
            with contextlib.suppress(CapacityError):
                await folder.leave()
            await client.aclose()
            if archive is not None:
                await asyncio.to_thread(archive.close)
            await asyncio.to_thread(stop_tracing)  # uvicorn ends by the signal: no exit handler runs

    return lifespan
