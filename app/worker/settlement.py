"""How a claim ends: what the queue, the storage and the counters are told of its answer."""

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum

from app.core.config import Settings
from app.core.errors import AudioMissing, RecordingUnreachable, TaskCancelled
from app.queue.claims import Claim
from app.queue.consumer import Consumer, backoff_seconds
from app.queue.outcomes import SettleOutcome
from app.schemas.task import TaskFailure
from app.schemas.transcript import Transcript
from app.storage.base import Storage
from app.worker.engine_client import Answer
from app.worker.engine_runs import EngineRuns
from app.worker.folder import FolderWatch
from app.worker.messages import Finished
from app.worker.models import WITHOUT_MODEL, ModelWatch
from app.worker.pending import DeviceLostUnder

logger = logging.getLogger(__name__)

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


class Settlement:
    """Settles claims: as done, as failed, or given back."""

    def __init__(
        self,
        settings: Settings,
        consumer: Consumer,
        storage: Storage,
        folder: FolderWatch,
        models: ModelWatch,
        runs: EngineRuns,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._storage = storage
        self._folder = folder
        self._models = models
        self._runs = runs

    async def settle(self, claim: Claim, answer: Answer | Earlier) -> None:
        """The engine has answered, or the task has ended before."""
        if isinstance(answer, Finished):
            await self._complete(claim, answer)
        elif isinstance(answer, Earlier):
            await self._end_as_before(claim, answer)
        elif answer.failure.code == TaskCancelled.code:
            await self.give_up(claim, Reason.RELEASE)
        elif answer.failure.code in WITHOUT_MODEL:
            await self._without_model(claim, answer.failure)
        elif answer.failure.code in UNSEEN and await self._folder.is_away():
            logger.warning("The recording is not seen here; the task goes back uncharged")
            await self.give_up(claim, Reason.RELEASE)
        else:
            await self._fail(claim, answer.failure, retryable=answer.retryable)

    async def after_crash(self, claim: Claim, failure: TaskFailure) -> None:
        """The engine process ended, or was ended, under the task."""
        if failure.code in WITHOUT_MODEL:
            await self._without_model(claim, failure)
        else:
            await self._fail(claim, failure, retryable=True, crashed=True)

    async def without_device(self, claim: Claim, lost: DeviceLostUnder) -> None:
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

    async def give_up(self, claim: Claim, reason: Reason) -> None:
        """The task is not finished here; where its lease is lost, the queue has nothing to hear."""
        logger.info("Task given up (%s)", reason)
        if reason is Reason.CANCEL:
            await self._consumer.cancelled(claim)
            await asyncio.to_thread(self._storage.finish, claim.task)  # nobody wants it any more
        elif reason is Reason.RELEASE:
            lost = self._runs.loss_under(claim.task.task_id)
            await (self.without_device(claim, lost) if lost else self._consumer.release(claim))

    async def _without_model(self, claim: Claim, failure: TaskFailure) -> None:
        """The model cannot be had here: the task goes to another worker, or ends where none may have it."""
        if await self._models.failed(claim.task, failure):
            await self._fail(claim, failure, retryable=False)
        else:
            await self.give_up(claim, Reason.RELEASE)

    async def _complete(self, claim: Claim, answer: Finished) -> None:
        transcript = _attempted(answer.transcript, claim.attempt)
        result = await asyncio.to_thread(self._storage.keep_result, claim.task, transcript.model_dump_json())
        if result is None:
            await self._drop(claim)
        elif await self._hand_in(claim, result):
            await self._consumer.counters.add(**_figures(transcript))
            await self._note_pace(transcript)
            logger.info("Done")
        else:
            await self._consumer.counters.add(results_fenced=1)

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
        await self.give_up(claim, Reason.CANCEL)

    async def _note_pace(self, transcript: Transcript) -> None:
        provenance = transcript.provenance
        if provenance is None or provenance.windows_lent:  # the next one may have to do without help
            return
        if provenance.real_time_factor is not None:
            await self._consumer.real_time_factors.note(transcript.model, provenance.real_time_factor)

    async def _fail(
        self, claim: Claim, failure: TaskFailure, *, retryable: bool, crashed: bool = False
    ) -> None:
        logger.warning("Attempt %d failed: %s (%s)", claim.attempt, failure.message, failure.code)
        if retryable:
            delay = backoff_seconds(claim.attempt, self._settings)
            outcome = await self._consumer.retry(claim, failure, delay, crashed=crashed)
        else:
            outcome = await self._consumer.fail(claim, failure)
        await self._consumer.counters.add(attempts_failed=1, tasks_failed=int(outcome is SettleOutcome.ERROR))
        if outcome in ENDED:
            kept_for = failure if outcome is SettleOutcome.ERROR else None
            await asyncio.to_thread(self._storage.keep_failed, claim.task, kept_for)
            await self._consumer.webhooks.hurry(claim.task)


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


def _attempted(transcript: Transcript, attempts: int) -> Transcript:
    if transcript.provenance is None:
        return transcript
    provenance = transcript.provenance.model_copy(update={"attempts": attempts})
    return transcript.model_copy(update={"provenance": provenance})
