"""Which models this worker cannot have now, and what becomes of their tasks."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from app.core.config import Settings
from app.core.errors import ModelOutOfMemory, ModelUnavailable, QueueUnavailable, UnknownModel
from app.queue.room import Demand
from app.queue.troubles import Troubles
from app.schemas.operations import ModelTrouble
from app.schemas.task import Task, TaskFailure

logger = logging.getLogger(__name__)

LONGEST_PAUSE_SECONDS = 600.0

FORGET_SECONDS = 600.0
"""A model that nobody has asked for since it might have been tried again is no trouble any more."""

GRACE_SECONDS = 30.0
"""A worker whose lease ended less than so long ago may come back: no task ends for its silence."""

WITHOUT_MODEL = frozenset({ModelUnavailable.code, ModelOutOfMemory.code, UnknownModel.code})
"""Codes of failures that are a worker's, and not its task's: another worker may have the model."""


@dataclass(slots=True)
class _Trouble:
    """Why a model cannot be had here, how often that was tried, and when it is tried again (`clock`).

    `lacks`: it is not to be expected here any more; `others`: another living worker may have it.
    """

    failure: TaskFailure
    loads: int
    retry_at: float
    lacks: bool
    others: bool = True


class ModelWatch:
    """Remembers what could not be loaded; not thread-safe (one event loop).

    Tasks for such a model are left to others, until it is tried again after a pause that doubles. Where no
    other living worker may have it they are taken all the same, and end; the pause is the first one then, so
    that a repaired model is tried soon. Too little memory may be somebody else's doing: it counts only after
    MAX_ATTEMPTS loads.
    """

    def __init__(
        self,
        settings: Settings,
        worker_id: str,
        troubles: Troubles,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._worker_id = worker_id
        self._default_model = settings.default_model
        self._first_pause = settings.model_retry_seconds
        self._loads_allowed = settings.max_attempts
        self._queue = troubles
        self._clock = clock
        self._troubles: dict[Demand, _Trouble] = {}

    @property
    def unwanted(self) -> frozenset[Demand]:
        """What is left to other workers now."""
        return frozenset(
            demand
            for demand, trouble in self._troubles.items()
            if self._is_paused(trouble) and (trouble.others or not trouble.lacks)
        )

    @property
    def troubles(self) -> tuple[ModelTrouble, ...]:
        """For those who look after this worker."""
        return tuple(
            ModelTrouble(
                model=demand.model,
                task=demand.kind,
                code=trouble.failure.code,
                message=trouble.failure.message,
                lacks=trouble.lacks,
            )
            for demand, trouble in sorted(self._troubles.items())
        )

    def known(self, task: Task) -> TaskFailure | None:
        """Why the task's model cannot be had, where it is not to be tried now."""
        trouble = self._troubles.get(self._demand(task))
        return trouble.failure if trouble is not None and self._is_paused(trouble) else None

    def leaves(self, task: Task) -> bool:
        """Whether such tasks are left to other workers now."""
        return self._demand(task) in self.unwanted

    def loaded(self, task: Task) -> None:
        """The task's model is in memory."""
        if self._troubles.pop(self._demand(task), None) is not None:
            logger.warning("The model %s is loaded: this worker takes tasks for it again", task.model)

    async def failed(self, task: Task, failure: TaskFailure) -> bool:
        """The task's model could not be had; True where no living worker may have it."""
        demand = self._demand(task)
        trouble = self._troubles.get(demand)
        if trouble is None or not self._is_paused(trouble):  # else it is the same load, told by another task
            trouble = self._troubles[demand] = self._counted(trouble, failure)
            logger.error(
                "This worker hands back tasks for the model %s, and tries it again in %.0f s: %s",
                demand.model,
                trouble.retry_at - self._clock(),
                failure.message,
            )
        await self._look_at(demand, trouble)
        if not (trouble.lacks and not trouble.others):
            return False
        trouble.retry_at = min(trouble.retry_at, self._clock() + self._first_pause)
        return True

    async def look(self) -> None:
        """See what others can have, and forget what nobody asks for."""
        oldest = self._clock() - FORGET_SECONDS
        self._troubles = {
            demand: trouble for demand, trouble in self._troubles.items() if trouble.retry_at > oldest
        }
        for demand, trouble in list(self._troubles.items()):
            await self._look_at(demand, trouble)

    def _counted(self, before: _Trouble | None, failure: TaskFailure) -> _Trouble:
        loads = before.loads + 1 if before else 1
        pause = min(LONGEST_PAUSE_SECONDS, self._first_pause * 2.0 ** min(loads - 1, 32))
        lacks = failure.code != ModelOutOfMemory.code or loads >= self._loads_allowed
        return _Trouble(failure, loads, self._clock() + pause, lacks)

    async def _look_at(self, demand: Demand, trouble: _Trouble) -> None:
        try:
            living = await self._queue.of_the_living(GRACE_SECONDS)
        except QueueUnavailable as error:
            logger.info("Who else has the model %s is not known: %s", demand.model, error)
            trouble.others = True
            return
        trouble.others = any(
            not told.lacks(demand.model, demand.kind)
            for worker_id, told in living.items()
            if worker_id != self._worker_id
        )

    def _is_paused(self, trouble: _Trouble) -> bool:
        return self._clock() < trouble.retry_at

    def _demand(self, task: Task) -> Demand:
        return Demand(task.model or self._default_model, task.task)
