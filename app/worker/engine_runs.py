"""Runs of tasks in the engine process: within their deadlines, and what its end under them means."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from app.core.config import Settings
from app.core.errors import DeadlineExceeded, DeviceLost, ModelOutOfMemory, ModelUnavailable, TaskCancelled
from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.schemas.task import Task, TaskFailure
from app.schemas.window import WindowDone
from app.worker.checkpoints import saving
from app.worker.engine_client import Answer, EngineClient
from app.worker.exclusive import SharedExclusiveLock
from app.worker.lending import HelperDesk, OwnerDesk
from app.worker.messages import Failed, Fetched, Helped, Stage
from app.worker.models import ModelWatch
from app.worker.pending import DeviceLostUnder, EngineLost, Listener
from app.worker.shares import Shares

logger = logging.getLogger(__name__)

T = TypeVar("T")

PROBE_SECONDS = 60.0
"""Time that opening a recording may take once it is fetched."""

OUT_OF_MEMORY_SIGNALS = frozenset({signal.SIGKILL, signal.SIGABRT})
"""How a process ends that the kernel, or a runtime without memory, has ended."""


class EngineRuns:
    """Runs tasks; raises EngineLost, DeviceLostUnder or DeadlineExceeded, and ModelUnavailable or
    ModelOutOfMemory where the engine process ended, or stood still, while it loaded the model.

    `device_lost` is set before the first DeviceLostUnder is raised: the engine process is of no use any more.
    """

    def __init__(
        self,
        settings: Settings,
        consumer: Consumer,
        engine: EngineClient,
        models: ModelWatch,
        shares: Shares,
    ) -> None:
        self._settings = settings
        self._consumer = consumer
        self._engine = engine
        self._models = models
        self._shares = shares
        self._lock = SharedExclusiveLock()  # a suspect runs alone
        self._is_loading: dict[str, bool] = {}  # of each task at work
        self._losses: dict[str, DeviceLostUnder] = {}
        self.device_lost = asyncio.Event()

    def loss_under(self, task_id: str) -> DeviceLostUnder | None:
        """The loss of the GPU, of which the task may be the cause since it was at work then."""
        return self._losses.get(task_id)

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
                async with self._lock.shared():
                    return await self._transcribe(claim, may_lend=True)
            except EngineLost as lost:
                if lost.guilty:
                    raise
                logger.warning("Another task may have ended the engine process; running this one alone")
        async with self._lock.exclusive():
            return await self._transcribe(claim, may_lend=False)

    async def help(self, task: Task, desk: HelperDesk, enough: asyncio.Event) -> Helped | Failed:
        """Help with a task that another worker has, until there is nothing to do or `enough` is set."""
        listener = Listener(_unheard, desk.on_window, desk.answer, desk.on_give_back)
        async with self._lock.shared():
            return await self._within_deadline(
                task,
                lambda timed: self._engine.help(task, timed, enough),
                listener,
                lambda: self._models.loaded(task),
            )

    async def _transcribe(self, claim: Claim, *, may_lend: bool) -> Answer:
        """The engine's answer, every finished window being saved on the way.

        Where it `may_lend`, idle workers help; a recording that may kill whoever has it is not shared. Where
        the GPU was lost while the task waited to run, it goes back.
        """
        task, desk = claim.task, OwnerDesk(self._consumer, claim, may_lend=may_lend)

        def on_loaded() -> None:
            self._is_loading[task.task_id] = False
            self._models.loaded(task)
            self._shares.begin(task.task_id)

        checkpoint = await self._consumer.checkpoints.load(claim)
        async with saving(self._consumer.checkpoints, claim) as save:
            listener = Listener(_unheard, save, desk.answer)
            if self.device_lost.is_set():
                return handed_back("The GPU of this worker was lost before the task began.")
            self._is_loading[task.task_id] = True
            try:
                return await self._within_deadline(
                    task, lambda timed: self._engine.run(task, checkpoint, timed), listener, on_loaded
                )
            finally:
                del self._is_loading[task.task_id]
                await desk.withdraw()

    async def _within_deadline(
        self,
        task: Task,
        start: Callable[[Listener], Awaitable[T]],
        listener: Listener,
        on_loaded: Callable[[], None],
    ) -> T:
        """The engine's answer, as long as there are signs of life: of the model's loading, then of each
        window."""
        limit = asyncio.timeout(self._settings.model_load_seconds)
        watch = _Watch(listener, on_loaded, limit, self._window_seconds)
        try:
            async with limit:
                answer = await start(watch.listener)
        except EngineLost as lost:
            if lost.loading:
                raise _died_loading(lost, task) from lost
            raise
        except TimeoutError:
            self._engine.kill()
            raise _stood_still(began=watch.began, is_loading=watch.is_loading) from None
        if isinstance(answer, Failed) and answer.failure.code == DeviceLost.code:
            self._lose_device(answer.failure.message)
            raise DeviceLostUnder(answer.failure.message, loading=not watch.began)
        return answer

    def _lose_device(self, detail: str) -> None:
        """Note who was at work; those that hear of it later are the same."""
        if not self.device_lost.is_set():
            self._losses = {
                task_id: DeviceLostUnder(detail, loading=is_loading)
                for task_id, is_loading in self._is_loading.items()
            }
            self.device_lost.set()

    def _window_seconds(self) -> float:
        """Time until the next sign of life of a task: all that run share the machine."""
        return self._settings.task_timeout_seconds * max(1, self._engine.runs)


class _Watch:
    """Hears of a run beside `listener`: once the model is loaded each sign of life puts off the deadline."""

    def __init__(
        self,
        listener: Listener,
        on_loaded: Callable[[], None],
        limit: asyncio.Timeout,
        window_seconds: Callable[[], float],
    ) -> None:
        self.listener = replace(listener, on_alive=self._alive, on_window=self._window)
        self.began, self.is_loading = False, False
        self._on_window = listener.on_window
        self._on_loaded = on_loaded
        self._limit = limit
        self._window_seconds = window_seconds

    def _alive(self, stage: Stage) -> None:
        self.is_loading = stage is Stage.LOADING
        if stage is Stage.LOADED and not self.began:
            self._on_loaded()
            self.began = True
        if self.began:
            self._limit.reschedule(asyncio.get_running_loop().time() + self._window_seconds())

    def _window(self, done: WindowDone) -> None:
        self._alive(Stage.LOADED)
        self._on_window(done)


def handed_back(reason: str) -> Failed:
    """The answer for a task that was not begun here, and goes back uncharged."""
    return Failed(run_id=0, failure=TaskFailure(code=TaskCancelled.code, message=reason), retryable=True)


def _unheard(_: Stage) -> None:
    """Signs of life are for the deadline alone."""


def _stood_still(*, began: bool, is_loading: bool) -> ModelUnavailable | DeadlineExceeded:
    """What the end of all signs of life means."""
    if is_loading:
        return ModelUnavailable("The model was not loaded in the time allowed; see MODEL_LOAD_SECONDS.")
    return DeadlineExceeded(
        "The transcription stood still for too long; see TASK_TIMEOUT_SECONDS."
        if began
        else "The recording was not opened in the time allowed; see MODEL_LOAD_SECONDS."
    )


def _died_loading(lost: EngineLost, task: Task) -> ModelOutOfMemory | ModelUnavailable:
    """What the end of an engine process means that was loading a model."""
    if -lost.exit_status in OUT_OF_MEMORY_SIGNALS:
        return ModelOutOfMemory(
            f"The engine process was killed while it loaded the model {task.model!r}: there may be too "
            "little memory for it."
        )
    return ModelUnavailable(f"The engine process ended while it loaded the model {task.model!r}.")
