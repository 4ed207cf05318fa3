"""Tell those who asked for it what has become of their tasks."""

import asyncio
import logging
import time
from datetime import UTC, datetime

from pydantic_core import to_json
from redis.asyncio import Redis

from app.core.backoff import QUIET_SECONDS, Backoff
from app.core.config import Settings
from app.core.errors import FetchFailed, QueueUnavailable, UnsafeAddress
from app.housekeeping.outbox_sweep import StorageLookup
from app.net.address_policy import AddressPolicy
from app.net.sign import signature_headers
from app.net.webhook import WebhookSender
from app.net.wire import PASSING_REFUSALS
from app.queue.counters import Counters
from app.queue.reader import TaskReader
from app.queue.webhooks import LOOK_SECONDS, Try, Webhooks
from app.schemas.task import ENDED, DeliveryState, TaskState, TaskStatus
from app.storage.base import Storage

logger = logging.getLogger(__name__)

IDLE_SECONDS = 1.0
"""Pause where nothing is to be sent."""

FIRST_PAUSE_SECONDS = 60.0
"""Before the second try; each pause after that is twice as long."""


class WebhookService:
    """Sends webhooks, again and again where need be.

    Redis knows which are due: the loops of all APIs share them, and each webhook is one loop's at a time.
    """

    def __init__(self, client: Redis, settings: Settings, storage: Storage) -> None:
        self._webhooks = Webhooks(client, settings)
        self._counters = Counters(client, settings)
        self._reader = TaskReader(client, settings, StorageLookup(storage))
        self._backoff = Backoff(
            logger, "Sending webhooks", first_seconds=IDLE_SECONDS, quiet_seconds=QUIET_SECONDS
        )
        self._sender = WebhookSender(AddressPolicy.from_settings(settings))
        secret = settings.webhook_secret
        self._secret = secret.get_secret_value() if secret is not None else None
        self._attempts = settings.webhook_attempts

    async def run(self) -> None:
        """Send one webhook after the other until cancelled; several of these may run at the same time."""
        while True:
            try:
                task_id = await self._webhooks.take()
                if task_id is not None:
                    await self.deliver(task_id)
                self._backoff.succeeded()
                pause = IDLE_SECONDS if task_id is None else 0.0
            except Exception as error:
                pause = self._backoff.failed(error, unexpected=not isinstance(error, QueueUnavailable))
            await asyncio.sleep(pause)

    async def deliver(self, task_id: str) -> None:
        """Try to tell the end of a task, where it has come. Raises QueueUnavailable."""
        record = await self._reader.record(task_id) or await self._reader.ended(task_id)
        if record is None or record.task is None or record.task.webhook is None:
            await self._webhooks.drop(task_id)
            return
        if record.state.status not in ENDED:
            await self._webhooks.put_off(task_id, LOOK_SECONDS)
            return
        begun = await self._webhooks.attempt(task_id)
        if begun is None:
            return
        attempt, message_id = begun
        status, reason = await self._post(record.task.webhook, message_id, record.state)
        result = self._judged(status, attempt, final=isinstance(reason, UnsafeAddress))
        await self._webhooks.note(task_id, result)
        await self._counters.add(
            webhooks_delivered=int(result.state is DeliveryState.DELIVERED),
            webhooks_failed=int(result.state is DeliveryState.FAILED),
            webhook_tries_failed=int(result.state is not DeliveryState.DELIVERED),
        )
        logger.info("Webhook of task %s, try %d: %s (%s)", task_id, attempt, result.state, reason or status)

    async def _post(self, url: str, message_id: str, state: TaskState) -> tuple[int | None, Exception | None]:
        body = _message(state)
        headers = {"Content-Type": "application/json"}
        if self._secret is not None:
            headers |= signature_headers(self._secret, message_id, int(time.time()), body)
        try:
            return await self._sender.post(url, body, headers), None
        except (FetchFailed, UnsafeAddress) as error:
            return None, error

    def _judged(self, status: int | None, attempt: int, *, final: bool) -> Try:
        if status is not None and 200 <= status < 300:
            return Try(DeliveryState.DELIVERED, status, None)
        refused = status is not None and 400 <= status < 500 and status not in PASSING_REFUSALS
        if final or refused or attempt >= self._attempts:
            return Try(DeliveryState.FAILED, status, None)
        return Try(DeliveryState.PENDING, status, FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1))


def _message(state: TaskState) -> bytes:
    """What is sent: the state without its result, which is for those who may ask for it."""
    kind = "transcription.done" if state.status is TaskStatus.DONE else "transcription.failed"
    data = state.model_dump(mode="json", include={"task_id", "status", "error"}, exclude_none=True)
    return to_json({"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data})
