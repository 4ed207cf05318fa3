"""An idle worker helps with long recordings that other workers have. Tasks come first."""

import asyncio
import logging
import random
import time
from collections.abc import Callable

from app.core.config import Settings
from app.core.errors import DeadlineExceeded, DeviceLost, EngineCrashed, ModelOutOfMemory, ModelUnavailable
from app.queue.consumer import Consumer
from app.schemas.task import Task
from app.worker.engine_runs import EngineRuns
from app.worker.lending import HelperDesk
from app.worker.messages import Failed
from app.worker.models import ModelWatch
from utils.logger import task_context

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""How often an idle worker asks whether somebody wants help."""

DECLINED_SECONDS = 60.0
"""A recording that this worker could not help with is left alone for so long."""


class Helper:
    """Helps with one recording at a time; not thread-safe (one event loop).

    The worker goes on waiting for tasks meanwhile, as an idle one: `leave` when it has got one.
    """

    def __init__(self, settings: Settings, consumer: Consumer, runs: EngineRuns, models: ModelWatch) -> None:
        self._settings = settings
        self._consumer = consumer
        self._runs = runs
        self._models = models
        self._enough = asyncio.Event()
        self._helping: asyncio.Task[None] | None = None
        self._declined: dict[str, float] = {}

    async def look(self, is_idle: Callable[[], bool]) -> None:
        """Begin to help, where this worker has nothing else to do and somebody wants it.

        Raises QueueUnavailable.
        """
        if not self._settings.share_long_recordings or not self._may_begin(is_idle):
            return
        task = await self._find()
        if task is not None and self._may_begin(is_idle):
            self._enough = asyncio.Event()
            self._helping = asyncio.create_task(self._help(task, self._enough))

    def leave(self) -> None:
        """Help no more: give back what has not been begun, and deliver what has."""
        self._enough.set()

    async def close(self, seconds: float) -> None:
        """The same, and wait until that is done, but no longer than so long."""
        self.leave()
        if self._helping is not None:
            await asyncio.wait([self._helping], timeout=seconds)

    def _may_begin(self, is_idle: Callable[[], bool]) -> bool:
        return is_idle() and (self._helping is None or self._helping.done())

    async def _find(self) -> Task | None:
        """A recording that somebody wants help with; any, so that helpers share them out."""
        now = time.monotonic()
        self._declined = {each: until for each, until in self._declined.items() if until > now}
        wanted = [each for each in await self._consumer.lending.recordings() if each not in self._declined]
        if not wanted:
            return None
        task_id = random.choice(wanted)
        task = await self._consumer.lending.task(task_id)
        if task is None or self._models.known(task) is not None:
            self._decline(task_id)
            return None
        return task

    async def _help(self, task: Task, enough: asyncio.Event) -> None:
        desk = HelperDesk(self._settings, self._consumer, task.task_id, enough.set)
        with task_context(task.task_id):
            logger.info("Helping with a recording of another worker")
            try:
                async with desk.open():
                    answer = await self._runs.help(task, desk, enough)
                if isinstance(answer, Failed) and not enough.is_set():
                    logger.warning("This worker cannot help: %s", answer.failure.message)
                    self._decline(task.task_id)
            except (
                EngineCrashed,
                DeadlineExceeded,
                DeviceLost,
                ModelUnavailable,
                ModelOutOfMemory,
            ) as error:
                logger.warning("Helping failed: %s", error.detail)
                self._decline(task.task_id)
            except Exception:
                logger.exception("Helping failed unexpectedly")
                self._decline(task.task_id)
        if not desk.delivered and not enough.is_set():
            self._decline(task.task_id)

    def _decline(self, task_id: str) -> None:
        self._declined[task_id] = time.monotonic() + DECLINED_SECONDS
