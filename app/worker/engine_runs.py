"""Runs of tasks in the engine process: within their deadlines, and what its end under them means."""

import asyncio
import logging
import signal
from collections.abc import Callable

from app.core.config import Settings
from app.core.errors import DeadlineExceeded, ModelOutOfMemory, ModelUnavailable
from app.queue.claims import Checkpoints, Claim
from app.schemas.task import Task
from app.schemas.window import Checkpoint, WindowDone
from app.worker.checkpoints import saving
from app.worker.engine_client import Answer, EngineClient, EngineLost, Listener
from app.worker.gate import SoloGate
from app.worker.messages import Failed, Fetched, Stage
from app.worker.models import ModelWatch
from app.worker.shares import Shares

logger = logging.getLogger(__name__)

PROBE_SECONDS = 60.0
"""Time that opening a recording may take once it is fetched."""

OUT_OF_MEMORY_SIGNALS = frozenset({signal.SIGKILL, signal.SIGABRT})
"""How a process ends that the kernel, or a runtime without memory, has ended."""


class EngineRuns:
    """Runs tasks; raises EngineLost or DeadlineExceeded, and ModelUnavailable or ModelOutOfMemory where the
    engine process ended, or stood still, while it loaded the model."""

    def __init__(
        self,
        settings: Settings,
        checkpoints: Checkpoints,
        engine: EngineClient,
        models: ModelWatch,
        shares: Shares,
    ) -> None:
        self._settings = settings
        self._checkpoints = checkpoints
        self._engine = engine
        self._models = models
        self._shares = shares
        self._gate = SoloGate()

    async def fetched(self, task: Task) -> Fetched | Failed:
        """The recording, fetched; once more where another task may have ended the engine process."""
        for is_last in (False, True):
            try:
                async with asyncio.timeout(self._settings.fetch_seconds + PROBE_SECONDS):
                    return await self._engine.fetch(task)
            except EngineLost as lost:
                if is_last or lost.guilty:
                    raise
            except TimeoutError:
                self._engine.kill()
                break
        raise DeadlineExceeded("The recording was not fetched in the time allowed; see FETCH_SECONDS.")

    async def transcript(self, claim: Claim) -> Answer:
        """The engine's answer; a task that shared a crashed engine process is run once more, alone."""
        if claim.crashes == 0:
            try:
                async with self._gate.enter(alone=False):
                    return await self._transcribe(claim)
            except EngineLost as lost:
                if lost.guilty:
                    raise
                logger.warning("Another task may have ended the engine process; running this one alone")
        async with self._gate.enter(alone=True):
            return await self._transcribe(claim)

    async def _transcribe(self, claim: Claim) -> Answer:
        """The engine's answer, every finished window being saved on the way."""
        checkpoint = await self._checkpoints.load(claim)
        async with saving(self._checkpoints, claim) as save:
            try:
                return await self._within_deadline(claim.task, checkpoint, save)
            except EngineLost as lost:
                if lost.loading:
                    raise _died_loading(lost, claim.task) from lost
                raise

    async def _within_deadline(
        self, task: Task, checkpoint: Checkpoint | None, save: Callable[[WindowDone], None]
    ) -> Answer:
        """The engine's answer, as long as there are signs of life: of the model's loading, then of each
        window."""
        loop = asyncio.get_running_loop()
        began, is_loading = False, False
        try:
            async with asyncio.timeout(self._settings.model_load_seconds) as limit:

                def on_alive(stage: Stage) -> None:
                    nonlocal began, is_loading
                    is_loading = stage is Stage.LOADING
                    if stage is Stage.LOADED and not began:
                        self._models.loaded(task)
                        self._shares.begin(task.task_id)
                        began = True
                    if began:
                        limit.reschedule(loop.time() + self._window_seconds())

                def on_window(done: WindowDone) -> None:
                    on_alive(Stage.LOADED)
                    save(done)

                return await self._engine.run(task, checkpoint, Listener(on_alive, on_window))
        except TimeoutError:
            self._engine.kill()
            if is_loading:
                raise ModelUnavailable(
                    "The model was not loaded in the time allowed; see MODEL_LOAD_SECONDS."
                ) from None
            raise DeadlineExceeded(
                "The transcription stood still for too long; see TASK_TIMEOUT_SECONDS."
                if began
                else "The recording was not opened in the time allowed; see MODEL_LOAD_SECONDS."
            ) from None

    def _window_seconds(self) -> float:
        """Time until the next sign of life of a task: all that run share the machine."""
        return self._settings.task_timeout_seconds * max(1, self._engine.runs)


def _died_loading(lost: EngineLost, task: Task) -> ModelOutOfMemory | ModelUnavailable:
    """What the end of an engine process means that was loading a model."""
    if -lost.exit_status in OUT_OF_MEMORY_SIGNALS:
        return ModelOutOfMemory(
            f"The engine process was killed while it loaded the model {task.model!r}: there may be too "
            "little memory for it."
        )
    return ModelUnavailable(f"The engine process ended while it loaded the model {task.model!r}.")
