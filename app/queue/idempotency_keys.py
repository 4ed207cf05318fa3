"""Requests that come again, known by their Idempotency-Key.

A key is of a request from the moment at which its content is known; that the request is being accepted is a
second key in Redis, which ends by itself when its API dies. Who holds neither an acceptance nor a task is a
ghost, whose key the next request takes over. A third one leads from the task to its request, which goes with
the task.
"""

import logging
from dataclasses import dataclass
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, ValidationError
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.outcomes import RequestOutcome
from app.queue.redis_errors import redis_or_not, redis_reachable
from app.queue.scripts import registered

ACCEPTANCE_SECONDS = 10.0
"""How long a key stays with a request whose API has died."""


class EarlierRequest(BaseModel):
    """A request that came before: what it was, and the task that it became, or was to become."""

    model_config = ConfigDict(frozen=True)

    fingerprint: str
    task_id: str


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request of an owner, under its Idempotency-Key, that is to become a task."""

    owner: str | None
    key: str
    fingerprint: str
    task_id: str

    @property
    def stored(self) -> str:
        """As Redis has it."""
        return EarlierRequest(fingerprint=self.fingerprint, task_id=self.task_id).model_dump_json()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the key: the request that asks, another that is being accepted, or another that is not."""

    outcome: RequestOutcome
    earlier: EarlierRequest | None = None
    stored: bytes = b""


class IdempotencyKeys:
    """Remembers requests, each owner's apart: nobody learns from them what another has sent."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = registered(client, "remember", "release")
        self._key_seconds = settings.idempotency_seconds

    async def is_known(self, owner: str | None, key: str) -> bool:
        """Whether a request of that owner has the key. Raises QueueUnavailable."""
        async with redis_reachable():
            return bool(await self._client.exists(self._name(owner, key)))

    async def holder(self, owner: str | None, key: str) -> Holder | None:
        """Who has the key now: ACCEPTING, or TAKEN; None where nobody has. Raises QueueUnavailable."""
        async with redis_reachable(), self._client.pipeline(transaction=True) as pipeline:
            pipeline.get(self._name(owner, key))
            pipeline.exists(self._acceptance(owner, key))
            stored, is_accepting = await pipeline.execute()
        if stored is None:
            return None
        outcome = RequestOutcome.ACCEPTING if is_accepting else RequestOutcome.TAKEN
        return Holder(outcome, _earlier(stored), stored)

    async def remember(self, request: KeyedRequest, ghost: bytes = b"") -> Holder:
        """Take the key of the request, or keep it for another ACCEPTANCE_SECONDS.

        `ghost` is an earlier one, as stored, that is known to have become no task. Raises QueueUnavailable.
        """
        async with redis_reachable():
            outcome, stored = await self._scripts["remember"](
                keys=self._names(request),
                args=[request.stored, ghost, self._key_seconds, int(ACCEPTANCE_SECONDS * 1000)],
            )
        return Holder(RequestOutcome(outcome.decode()), _earlier(stored), stored or b"")

    async def release(self, request: KeyedRequest, *, accepted: bool) -> None:
        """The request became a task, or did not, and may come again with the same key."""
        async with redis_or_not("An Idempotency-Key is free later", logging.WARNING):
            await self._scripts["release"](keys=self._names(request), args=[request.stored, int(accepted)])

    def _names(self, request: KeyedRequest) -> list[str]:
        """Of the request, its acceptance, and the request of its task."""
        owner, key = request.owner, request.key
        return [self._name(owner, key), self._acceptance(owner, key), self._keys.request_of(request.task_id)]

    def _name(self, owner: str | None, key: str) -> str:
        return self._keys.request(owner, _digest(key))

    def _acceptance(self, owner: str | None, key: str) -> str:
        return self._keys.acceptance(owner, _digest(key))


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def _earlier(stored: bytes | None) -> EarlierRequest | None:
    """None where it is not ours."""
    try:
        return EarlierRequest.model_validate_json(stored) if stored else None
    except ValidationError:
        return None
