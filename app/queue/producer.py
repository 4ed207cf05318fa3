"""The producer: a task enters the queue."""

from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QueueFull
from app.queue.keys import Keys
from app.queue.outcomes import EnqueueOutcome
from app.queue.payload import dump_task
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import Scripts
from app.queue.webhooks import Webhooks
from app.schemas.task import Priority, Task

FULL_RETRY_AFTER_SECONDS = 30


class Producer:
    """Puts tasks into the queue."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._limit = settings.max_queue_length
        self._webhooks = Webhooks(client, settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))

    async def enqueue(self, task: Task) -> None:
        """Enqueue `task`, in the list of its priority; a task id that is known already is left alone.

        Raises QueueFull where MAX_QUEUE_LENGTH tasks wait, QueueUnavailable where Redis cannot take it now.
        """
        await self._webhooks.expect(task)
        async with redis_reachable():
            outcome = await self._scripts.enqueue(
                task.task_id,
                dump_task(task),
                high=task.priority is Priority.HIGH,
                owner=task.owner,
            )
        if outcome is EnqueueOutcome.FULL:
            raise QueueFull(
                f"The queue is full ({self._limit} tasks wait); please try again later.",
                retry_after_seconds=FULL_RETRY_AFTER_SECONDS,
            )
