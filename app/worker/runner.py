"""One claimed task, from the claim to the end of the claim."""

import asyncio
import logging
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core.config import Settings
from app.core.errors import (
    AudioMissing,
    DeadlineExceeded,
    EngineCrashed,
    ModelOutOfMemory,
    ModelUnavailable,
    QueueUnavailable,
    RecordingUnreachable,
    StorageUnavailable,
    TaskCancelled,
)
from app.core.tracing import record, traced
from app.queue.claims import Claim
from app.queue.consumer import Consumer, backoff_seconds
from app.queue.outcomes import SettleOutcome
from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Transcript
from app.storage.base import Outbox, Storage
from app.worker.engine_client import Answer, EngineClient
from app.worker.engine_runs import EngineRuns, handed_back
from app.worker.folder import FolderWatch
from app.worker.messages import Failed, Finished
from app.worker.models import WITHOUT_MODEL, ModelWatch
from app.worker.pending import DeviceLostUnder
from app.worker.shares import Shares
from app.worker.slots import Place
from utils.logger import task_context

logger = logging.getLogger(__name__)

LEFT_TO_OTHERS_SECONDS = 1.0
"""A task that was taken although its model cannot be had is kept for so long: it may come straight back."""

ENDED = frozenset({SettleOutcome.ERROR, SettleOutcome.CANCELLED})


UNSEEN = frozenset({AudioMissing.code, RecordingUnreachable.code})
"""Codes of failures that say nothing of the recording where the worker does not reach its storage."""


class Reason(StrEnum):
    """Why the supervisor takes a task out of the engine process."""

    RELEASE = "release"  # the worker stops: the task goes back to the front of the line
    CANCEL = "cancel"  # its owner does not want it any more
    LOST = "lost"  # the lease ended: another worker has it, or will


@dataclass(frozen=True, slots=True)
class Earlier:
    """The end that a task came to before Redis forgot it: its result, None where it was deleted."""

    result: str | None


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
        self._settings = settings
        self._consumer = consumer
        self._shares = Shares()
        self.runs = EngineRuns(settings, consumer, engine, models, self._shares)
        self._storage = storage
        self._folder = folder
        self._models = models
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
                await self._give_up(claim, Reason(str(cancelled)))
            except DeviceLostUnder as lost:
                self._settling.add(claim.task.task_id)
                await self._without_device(claim, lost)
            except (EngineCrashed, DeadlineExceeded, ModelUnavailable, ModelOutOfMemory) as error:
                self._settling.add(claim.task.task_id)
                await self._after_crash(claim, TaskFailure(code=error.code, message=error.detail))
            else:
                self._settling.add(claim.task.task_id)
                await self._settle(claim, answer)
            finally:
                self._settling.discard(claim.task.task_id)

    async def _begin(self, claim: Claim) -> None:
        """Tell of the attempt, and see to its webhook."""
        logger.info(
            "Attempt %d of %d",
            claim.attempt,
            claim.max_attempts,
            extra={"event": "attempt", "worker": self._consumer.worker_id},
        )
        await self._consumer.totals.add(attempts=1, queue_seconds=claim.waited_ms / 1000)
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
        await self._is_without_folder()
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

    async def _settle(self, claim: Claim, answer: Answer | Earlier) -> None:
        if isinstance(answer, Finished):
            await self._complete(claim, answer)
        elif isinstance(answer, Earlier):
            await self._end_as_before(claim, answer)
        elif answer.failure.code == TaskCancelled.code:
            await self._give_up(claim, Reason.RELEASE)
        elif answer.failure.code in WITHOUT_MODEL:
            await self._without_model(claim, answer.failure)
        elif answer.failure.code in UNSEEN and await self._is_without_folder():
            logger.warning("The recording is not seen here; the task goes back uncharged")
            await self._give_up(claim, Reason.RELEASE)
        else:
            await self._fail(claim, answer.failure, retryable=answer.retryable)

    async def _after_crash(self, claim: Claim, failure: TaskFailure) -> None:
        """The engine process ended, or was ended, under the task."""
        if failure.code in WITHOUT_MODEL:
            await self._without_model(claim, failure)
        else:
            await self._fail(claim, failure, retryable=True, crashed=True)

    async def _without_model(self, claim: Claim, failure: TaskFailure) -> None:
        """The model cannot be had here: the task goes to another worker, or ends where none may have it."""
        if await self._models.failed(claim.task, failure):
            await self._fail(claim, failure, retryable=False)
        else:
            await self._give_up(claim, Reason.RELEASE)

    async def _without_device(self, claim: Claim, lost: DeviceLostUnder) -> None:
        """The GPU was lost: the task goes to another worker, or to this one once it is started again.

        That counts as a crash, so that the task runs alone next time. Where a GPU is lost under it then, too,
        it may be the cause, and the attempt is charged; while its model was loaded its recording was not the
        cause, and attempts are charged after MAX_ATTEMPTS crashes only. Nothing ends one worker after another
        for ever.
        """
        allowed = claim.max_attempts if lost.loading else 1
        if claim.crashes >= allowed:
            failure = TaskFailure(code=lost.code, message=lost.detail)
            await self._fail(claim, failure, retryable=True, crashed=True)
        else:
            logger.warning("Handed back uncharged: %s", lost.detail)
            await self._consumer.release(claim, crashed=True)

    async def _is_without_folder(self) -> bool:
        try:
            await self._folder.look()
        except QueueUnavailable as error:
            logger.warning("Whether the recordings are the queue's own is not known: %s", error)
        return self._folder.problem is not None

    async def _complete(self, claim: Claim, answer: Finished) -> None:
        transcript = _attempted(answer.transcript, claim.attempt)
        result = await asyncio.to_thread(self._storage.keep_result, claim.task, transcript.model_dump_json())
        if result is None:
            await self._drop(claim)
        elif await self._hand_in(claim, result):
            await self._consumer.totals.add(**_figures(transcript))
            await self._note_pace(transcript)
            logger.info("Done")
        else:
            await self._consumer.totals.add(results_fenced=1)

    async def _hand_in(self, claim: Claim, result: str) -> bool:
        """Write to Redis a result that is kept on disk; False where Redis refuses it.

        No client reads what is not on disk: whatever Redis forgets, no second run gives another result.
        """
        if not await self._consumer.complete(claim, result):
            return False
        await self._consumer.webhooks.hurry(claim.task)
        await asyncio.to_thread(self._storage.finish_unnoted, claim.task)  # nothing could be kept
        return True

    async def _end_as_before(self, claim: Claim, earlier: Earlier) -> None:
        if earlier.result is None:
            await self._drop(claim)
        elif await self._hand_in(claim, earlier.result):
            logger.info("Done before: its result was kept")

    async def _drop(self, claim: Claim) -> None:
        logger.info("The task was deleted; it is not transcribed")
        await self._give_up(claim, Reason.CANCEL)

    async def _note_pace(self, transcript: Transcript) -> None:
        provenance = transcript.provenance
        if provenance is None or provenance.windows_lent:  # the next one may have to do without help
            return
        if provenance.real_time_factor is not None:
            await self._consumer.pace.note(transcript.model, provenance.real_time_factor)

    async def _fail(
        self, claim: Claim, failure: TaskFailure, *, retryable: bool, crashed: bool = False
    ) -> None:
        logger.warning("Attempt %d failed: %s (%s)", claim.attempt, failure.message, failure.code)
        if retryable:
            delay = backoff_seconds(claim.attempt, self._settings)
            outcome = await self._consumer.retry(claim, failure, delay, crashed=crashed)
        else:
            outcome = await self._consumer.fail(claim, failure)
        await self._consumer.totals.add(attempts_failed=1, tasks_failed=int(outcome is SettleOutcome.ERROR))
        if outcome in ENDED:
            kept_for = failure if outcome is SettleOutcome.ERROR else None
            await asyncio.to_thread(self._storage.keep_failed, claim.task, kept_for)
            await self._consumer.webhooks.hurry(claim.task)

    async def _give_up(self, claim: Claim, reason: Reason) -> None:
        logger.info("Task given up (%s)", reason)
        if reason is Reason.CANCEL:
            await self._consumer.cancelled(claim)
            await asyncio.to_thread(self._storage.finish, claim.task)  # nobody wants it any more
        elif reason is Reason.RELEASE:
            lost = self.runs.loss_under(claim.task.task_id)
            await (self._without_device(claim, lost) if lost else self._consumer.release(claim))


def _figures(transcript: Transcript) -> dict[str, float]:
    """What a task adds to the counters."""
    quality, provenance = transcript.quality, transcript.provenance
    return {
        "tasks_done": 1,
        "audio_seconds": transcript.duration,
        "processing_seconds": transcript.processing_seconds,
        "engine_seconds": provenance.engine_seconds if provenance else 0,
        "batch_places": provenance.batch_slots if provenance else 0,
        "windows": quality.windows if quality else 0,
        "windows_retried": quality.retried if quality else 0,
        "windows_noise": quality.noise if quality else 0,
        "windows_resumed": provenance.windows_resumed if provenance else 0,
    }


def _is_its_own(transcript: Transcript) -> bool:
    """Whether one worker has done all of it, in one attempt."""
    provenance = transcript.provenance
    return provenance is None or not (provenance.windows_resumed or provenance.windows_lent)


def _attempted(transcript: Transcript, attempts: int) -> Transcript:
    if transcript.provenance is None:
        return transcript
    provenance = transcript.provenance.model_copy(update={"attempts": attempts})
    return transcript.model_copy(update={"provenance": provenance})
