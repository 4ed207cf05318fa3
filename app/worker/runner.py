"""One claimed task, from the claim to the end of the claim."""

import asyncio
import logging
from dataclasses import replace

from app.core.config import Settings
from app.core.errors import (
    DeadlineExceeded,
    EngineCrashed,
    ModelOutOfMemory,
    ModelUnavailable,
    QueueUnavailable,
    StorageUnavailable,
)
from app.core.tracing import record, traced
from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Transcript
from app.storage.base import Outbox, Storage
from app.worker.engine_client import Answer, EngineClient
from app.worker.engine_runs import EngineRuns, handed_back
from app.worker.folder import FolderWatch
from app.worker.messages import Failed, Finished
from app.worker.models import ModelWatch
from app.worker.pending import DeviceLostUnder
from app.worker.settlement import Earlier, Reason, Settlement
from app.worker.shares import Shares
from app.worker.slots import Place
from utils.logger import task_context

logger = logging.getLogger(__name__)

LEFT_TO_OTHERS_SECONDS = 1.0
"""A task that was taken although its model cannot be had is kept for so long: it may come straight back."""


class TaskRunner:
    """Runs claims in the engine process and settles them in the queue."""

    def __init__(
        self,
        settings: Settings,
        consumer: Consumer,
        engine: EngineClient,
        storage: Storage,
        folder: FolderWatch,
        models: ModelWatch,
    ) -> None:
        self._consumer = consumer
        self._shares = Shares()
        self.runs = EngineRuns(settings, consumer, engine, models, self._shares)
        self._storage = storage
        self._folder = folder
        self._models = models
        self._settlement = Settlement(settings, consumer, storage, folder, models, self.runs)
        self._settling: set[str] = set()

    async def run(self, claim: Claim, place: Place) -> None:
        """Fetch, transcribe and settle; whatever happens, the claim ends here. The caller leaves `place`.

        The supervisor cancels it with a `Reason`; once the engine has answered, that comes too late.
        """
        task = claim.task
        if claim.attempt == 1:
            record("wait in the queue", task.traceparent, claim.waited_ms / 1000)
        with task_context(task.task_id), traced("attempt", task.traceparent, number=claim.attempt):
            try:
                await self._begin(claim)
                answer = await self._answer(claim, place)
            except asyncio.CancelledError as cancelled:
                end = self._settlement.give_up(claim, Reason(str(cancelled)))
            except DeviceLostUnder as lost:
                end = self._settlement.without_device(claim, lost)
            except (EngineCrashed, DeadlineExceeded, ModelUnavailable, ModelOutOfMemory) as error:
                end = self._settlement.after_crash(claim, TaskFailure(code=error.code, message=error.detail))
            else:
                end = self._settlement.settle(claim, answer)
            self._settling.add(task.task_id)
            try:
                await end
            finally:
                self._settling.discard(task.task_id)

    async def _begin(self, claim: Claim) -> None:
        """Tell of the attempt, and see to its webhook."""
        logger.info(
            "Attempt %d of %d",
            claim.attempt,
            claim.max_attempts,
            extra={"event": "attempt", "worker": self._consumer.worker_id},
        )
        await self._consumer.counters.add(attempts=1, queue_seconds=claim.waited_ms / 1000)
        await self._expect_webhook(claim.task)

    async def _expect_webhook(self, task: Task) -> None:
        """See that the end of the task will be told; the task is worth more than that."""
        try:
            await self._consumer.webhooks.expect(task)
        except QueueUnavailable as error:
            logger.warning("Its webhook may not be sent: %s", error)

    def settles(self, task_id: str) -> bool:
        """Whether the engine has answered and the queue is being told: no time to interfere."""
        return task_id in self._settling

    async def _answer(self, claim: Claim, place: Place) -> Answer | Earlier:
        """The engine's answer, unless the task has ended before.

        What is fetched first waits for a place among those that are transcribed. What was claimed while the
        GPU was being lost goes back.
        """
        if self.runs.device_lost.is_set():
            return handed_back("The GPU of this worker is lost.")
        try:
            earlier = await self._earlier(claim.task)
        except StorageUnavailable as error:
            return await self._unseen(error)
        if earlier is not None:
            return earlier
        if failure := self._models.known(claim.task):
            if self._models.leaves(claim.task):
                await asyncio.sleep(LEFT_TO_OTHERS_SECONDS)
            return Failed(run_id=0, failure=failure, retryable=False)
        if claim.task.url is None:
            return await self._transcribed(claim)
        fetched = await self.runs.fetched(claim.task)
        if isinstance(fetched, Failed):
            return fetched
        task = claim.task.model_copy(update={"duration": fetched.duration or claim.task.duration})
        await place.move(task)
        return await self._transcribed(replace(claim, task=task))

    async def _unseen(self, error: StorageUnavailable) -> Failed:
        """The task goes back uncharged; this worker takes no other one while it does not see its storage."""
        logger.warning("The storage is not seen here: %s", error)
        await self._folder.is_away()
        await asyncio.sleep(LEFT_TO_OTHERS_SECONDS)
        return handed_back(error.detail)

    async def _transcribed(self, claim: Claim) -> Answer:
        """The engine's answer; of a recording that is all this worker's work, it is noted what it cost."""
        try:
            answer = await self.runs.transcript(claim)
        finally:
            worker_seconds = self._shares.end(claim.task.task_id)
        if isinstance(answer, Finished) and _is_its_own(answer.transcript):
            transcript = answer.transcript
            await self._consumer.cost.note(transcript.model, worker_seconds, transcript.duration)
        return answer

    async def _earlier(self, task: Task) -> Earlier | None:
        """The end of a task that Redis has forgotten, or cannot know yet; None where it goes on."""
        return await asyncio.to_thread(self._earlier_in, self._storage.outbox, task.task_id)

    @staticmethod
    def _earlier_in(outbox: Outbox, task_id: str) -> Earlier | None:
        if outbox.deleted([task_id]):
            return Earlier(None)
        result = outbox.result(task_id)
        return None if result is None else Earlier(result)


def _is_its_own(transcript: Transcript) -> bool:
    """Whether one worker has done all of it, in one attempt."""
    provenance = transcript.provenance
    return provenance is None or not (provenance.windows_resumed or provenance.windows_lent)
