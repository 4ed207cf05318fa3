"""What a worker owns: a task under a token, and the windows of it that are done."""

import logging
from dataclasses import dataclass
from typing import cast

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.backoff import Backoff
from app.core.errors import QueueUnavailable
from app.queue.keys import Keys
from app.queue.outcomes import CheckpointOutcome
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import Scripts
from app.schemas.task import Task
from app.schemas.window import Checkpoint, WindowDone, WindowTranscript

logger = logging.getLogger(__name__)

WINDOW_FIELD = b"window:"


@dataclass(frozen=True, slots=True)
class Claim:
    """A task that this worker owns for as long as Redis holds `token` for it.

    `attempt` counts from 1; `crashes` is how often a worker or an engine was lost under the task before;
    `waited_ms` is how long the task waited for this attempt where it is the first, else 0.
    """

    task: Task
    payload: bytes
    token: str
    attempt: int
    max_attempts: int
    crashes: int
    waited_ms: int


class Checkpoints:
    """Keeps what is done of a task, so that whoever takes it over goes on from there.

    A convenience: the work goes on without it where Redis is away or full.
    """

    def __init__(self, commands: Redis, keys: Keys, scripts: Scripts) -> None:
        self._commands = commands
        self._keys = keys
        self._scripts = scripts
        self._backoff = Backoff(logger, "Saving windows")

    async def save(self, claim: Claim, done: WindowDone) -> bool:
        """Save a window; False where it could not be, or where the claim was lost."""
        try:
            async with redis_reachable():
                outcome = await self._scripts.checkpoint(claim.task.task_id, claim.token, done)
        except (QueueUnavailable, RedisError) as error:
            self._backoff.failed(error)
            return False
        self._backoff.succeeded()
        return outcome is not CheckpointOutcome.FENCED

    async def load(self, claim: Claim) -> Checkpoint | None:
        """What earlier attempts at the task have finished; None where that is nothing."""
        try:
            async with redis_reachable():
                stored = cast(
                    dict[bytes, bytes], await self._commands.hgetall(self._keys.windows(claim.task.task_id))
                )
        except (QueueUnavailable, RedisError) as error:
            logger.warning("The task begins anew, what is done of it cannot be read: %s", error)
            return None
        if not stored:
            return None
        windows = [_window(value) for field, value in stored.items() if field.startswith(WINDOW_FIELD)]
        in_order = sorted((each for each in windows if each is not None), key=lambda window: window.number)
        return Checkpoint(plan=stored.get(b"plan", b"").decode(), windows=tuple(in_order))


def _window(stored: bytes) -> WindowTranscript | None:
    try:
        return WindowTranscript.model_validate_json(stored)
    except ValidationError:  # written by another version
        logger.debug("A saved window cannot be read: %.200r", stored)
        return None
