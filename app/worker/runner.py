"""One claimed task, from the claim to the end of the claim."""

import asyncio
import logging
from dataclasses import dataclass
from enum import StrEnum

from app.core.config import Settings
from app.core.errors import DeadlineExceeded, EngineCrashed, TaskCancelled
from app.queue.consumer import Claim, Consumer, backoff_seconds
from app.queue.outcomes import SettleOutcome
from app.schemas.task import Task, TaskFailure
from app.storage.local import LocalStorage
from app.worker.engine_client import Answer, EngineClient, EngineLost
from app.worker.gate import SoloGate
from app.worker.messages import Finished
from utils.logger import task_context

logger = logging.getLogger(__name__)


ENDED = frozenset({SettleOutcome.ERROR, SettleOutcome.CANCELLED})


class Reason(StrEnum):
    """Why the supervisor takes a task out of the engine process."""

    RELEASE = "release"  # the worker stops: the task goes back to the front of the line
    CANCEL = "cancel"  # its owner does not want it any more
    LOST = "lost"  # the lease ended: another worker has it, or will


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a task may go without ending, in seconds."""

    load: float
    least: float
    factor: float

    def after_loading(self, task: Task) -> float:
        """Time for the transcription alone; of an unknown length it is renewed at each progress."""
        return max(self.least, self.factor * (task.duration or 0.0))


class TaskRunner:
    """Runs claims in the engine process and settles them in the queue."""

    def __init__(
        self, settings: Settings, consumer: Consumer, engine: EngineClient, storage: LocalStorage
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._engine = engine
        self._storage = storage
        self._gate = SoloGate()
        self._settling: set[str] = set()
        self._deadlines = Deadlines(
            settings.model_load_seconds, settings.task_timeout_seconds, settings.task_timeout_factor
        )

    async def run(self, claim: Claim) -> None:
        """Transcribe and settle; whatever happens, the claim ends here.

        The supervisor cancels it with a `Reason`; once the engine has answered, that comes too late.
        """
        with task_context(claim.task.task_id):
            logger.info(
                "Attempt %d of %d",
                claim.attempt,
                claim.max_attempts,
                extra={"event": "attempt", "worker": self._consumer.worker_id},
            )
            try:
                answer = await self._answer(claim)
            except asyncio.CancelledError as cancelled:
                await self._give_up(claim, Reason(str(cancelled)))
            except (EngineCrashed, DeadlineExceeded) as error:
                self._settling.add(claim.task.task_id)
                failure = TaskFailure(code=error.code, message=error.detail)
                await self._fail(claim, failure, retryable=True, crashed=True)
            else:
                self._settling.add(claim.task.task_id)
                await self._settle(claim, answer)
            finally:
                self._settling.discard(claim.task.task_id)

    def settles(self, task_id: str) -> bool:
        """Whether the engine has answered and the queue is being told: no time to interfere."""
        return task_id in self._settling

    async def _answer(self, claim: Claim) -> Answer:
        """The engine's answer; a task that shared a crashed engine process is run once more, alone."""
        if claim.crashes == 0:
            try:
                async with self._gate.enter(alone=False):
                    return await self._within_deadline(claim)
            except EngineLost as lost:
                if lost.guilty:
                    raise
                logger.warning("Another task may have ended the engine process; running this one alone")
        async with self._gate.enter(alone=True):
            return await self._within_deadline(claim)

    async def _within_deadline(self, claim: Claim) -> Answer:
        loop = asyncio.get_running_loop()
        task = claim.task
        began = False
        try:
            async with asyncio.timeout(self._deadlines.load) as limit:

                def on_progress(_fraction: float) -> None:
                    nonlocal began
                    if not began or task.duration is None:
                        limit.reschedule(loop.time() + self._deadlines.after_loading(task))
                    began = True

                return await self._engine.run(task, on_progress)
        except TimeoutError:
            self._engine.kill()
            what = "transcribed" if began else "begun (the model was not loaded)"
            raise DeadlineExceeded(
                f"The recording was not {what} in the time allowed; see TASK_TIMEOUT_SECONDS, "
                "TASK_TIMEOUT_FACTOR and MODEL_LOAD_SECONDS."
            ) from None

    async def _settle(self, claim: Claim, answer: Answer) -> None:
        if isinstance(answer, Finished):
            await self._complete(claim, answer)
        elif answer.failure.code == TaskCancelled.code:
            await self._give_up(claim, Reason.RELEASE)
        else:
            await self._fail(claim, answer.failure, retryable=answer.retryable)

    async def _complete(self, claim: Claim, answer: Finished) -> None:
        if await self._consumer.complete(claim, answer.transcript.model_dump_json()):
            await asyncio.to_thread(self._storage.finish, claim.task)
            logger.info("Done")

    async def _fail(
        self, claim: Claim, failure: TaskFailure, *, retryable: bool, crashed: bool = False
    ) -> None:
        logger.warning("Attempt %d failed: %s (%s)", claim.attempt, failure.message, failure.code)
        if retryable:
            delay = backoff_seconds(claim.attempt, self._settings)
            outcome = await self._consumer.retry(claim, failure, delay, crashed=crashed)
        else:
            outcome = await self._consumer.fail(claim, failure)
        if outcome in ENDED:
            kept_for = failure if outcome is SettleOutcome.ERROR else None
            await asyncio.to_thread(self._storage.finish, claim.task, kept_for)

    async def _give_up(self, claim: Claim, reason: Reason) -> None:
        logger.info("Task given up (%s)", reason)
        if reason is Reason.CANCEL:
            await self._consumer.cancelled(claim)
            await asyncio.to_thread(self._storage.finish, claim.task)
        elif reason is Reason.RELEASE:
            await self._consumer.release(claim)
