"""The consumer: a worker's side of the queue, from the claim to the result."""

import asyncio
import logging
import os
import random
import secrets
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from redis.asyncio import Redis

from app.core.backoff import Backoff
from app.core.config import Settings
from app.core.errors import InvalidTask, QueueUnavailable
from app.queue.claims import Checkpoints, Claim
from app.queue.cost import Cost
from app.queue.counters import Counters
from app.queue.eta import RealTimeFactors
from app.queue.keys import Keys
from app.queue.lending import Lending
from app.queue.line import Line
from app.queue.outcomes import (
    CANCELLED,
    ClaimNumbers,
    ClaimOutcome,
    CompleteOutcome,
    Lease,
    RequeueOutcome,
    SettleOutcome,
)
from app.queue.payload import parse_task, parse_task_id
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.room import EVERYTHING, Room
from app.queue.scripts import ReleaseReason, Scripts
from app.queue.webhooks import Webhooks
from app.schemas.task import TaskFailure

logger = logging.getLogger(__name__)

INVALID_TASK = TaskFailure(
    code=InvalidTask.code, message="The queue element is no valid task; it needs a task_id and a file_path."
)
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
LEAVE_ROUNDS = 5

REFUSED_RESULTS = {
    CompleteOutcome.FENCED: "the claim was lost meanwhile",
    CompleteOutcome.ANSWERED: "another one was there first",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Taken:
    """An element in this worker's list, to be claimed under `token`."""

    task_id: str
    payload: bytes
    token: str


def new_worker_id() -> str:
    """A name that no worker had before, so that nothing of an earlier life is taken for this one's."""
    return f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def backoff_seconds(attempt: int, settings: Settings, random_source: random.Random | None = None) -> float:
    """Delay before the attempt after `attempt` (from 1): exponential, with full jitter.

    Full jitter: see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """
    ceiling = min(
        settings.retry_backoff_max_seconds, settings.retry_backoff_seconds * 2.0 ** min(attempt - 1, 64)
    )
    return (random_source or random).uniform(0, ceiling)


class Consumer:
    """One worker at the queue.

    `claim`, `heartbeat`, `sweep`, `register` and `leave` raise QueueUnavailable where Redis cannot serve now;
    what ends a claim (`complete`, `retry`, `fail`, `cancelled`, `release`) tries until Redis answers.
    """

    def __init__(self, settings: Settings, *, worker_id: str, commands: Redis, blocking: Redis) -> None:
        self.worker_id = worker_id
        self.workers = 1  # how many there are, as of the last heartbeat
        self._commands = commands
        self._line = Line(settings, worker_id, blocking)
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(commands, self._keys, Policy.from_settings(settings))
        self.checkpoints = Checkpoints(commands, self._keys, self._scripts)
        self.lending = Lending(commands, settings)
        self.real_time_factors = RealTimeFactors(commands, settings)
        self.cost = Cost(commands, settings)
        self.counters = Counters(commands, settings)
        self.webhooks = Webhooks(commands, settings)
        self._unanswered: deque[_Taken] = deque()
        self._tokens: set[str] = set()
        self._settling = Backoff(
            logger,
            "Telling Redis the end of a task",
            first_seconds=FIRST_PAUSE_SECONDS,
            longest_seconds=LONGEST_PAUSE_SECONDS,
        )

    async def register(self) -> None:
        """Begin the lease; must precede the first claim."""
        async with redis_reachable():
            await self._scripts.heartbeat(self.worker_id, [], register=True)

    async def claim(self, room: Room = EVERYTHING, *, wait: bool = True) -> Claim | None:
        """The next task that there is room for, or None where none came.

        With `wait`, and room for everything, that is after CLAIM_BLOCK_SECONDS, else at once.

        What is no task, was cancelled or runs elsewhere is dealt with on the way. After QueueUnavailable the
        next call goes on where this one stopped.
        """
        while True:
            if not self._unanswered:
                payload = await self._line.take(room, wait=wait)
                if payload is None:
                    return None
                await self._receive(payload)
            elif (claim := await self._claim_first()) is not None:
                return claim

    async def heartbeat(self, claims: Sequence[Claim]) -> dict[str, Lease]:
        """Renew the lease; what to do with each task that runs, by task id."""
        pairs = [(claim.task.task_id, claim.token) for claim in claims]
        async with redis_reachable():
            self.workers = int(await self._commands.zcard(self._keys.workers))
            leases = await self._scripts.heartbeat(self.worker_id, pairs)
            if leases is None:
                logger.warning("Worker %s was forgotten by Redis; registering again", self.worker_id)
                leases = await self._scripts.heartbeat(self.worker_id, pairs, register=True) or []
        return {task_id: lease for (task_id, _), lease in zip(pairs, leases, strict=True)}

    async def complete(self, claim: Claim, transcript_json: str) -> bool:
        """Write the task's result; False where the claim was lost, or another result was first."""
        outcome = await self._until_answered(
            lambda: self._scripts.complete(
                self.worker_id, claim.task.task_id, claim.payload, claim.token, transcript_json
            )
        )
        self._tokens.discard(claim.token)
        if outcome in REFUSED_RESULTS:
            logger.warning(
                "Redis refuses the result of task %s: %s",
                claim.task.task_id,
                REFUSED_RESULTS[outcome],
                extra={"event": "result_fenced", "task_id": claim.task.task_id},
            )
        return outcome not in REFUSED_RESULTS

    async def retry(
        self, claim: Claim, failure: TaskFailure, delay_seconds: float, *, crashed: bool = False
    ) -> SettleOutcome:
        """Try the task again after the delay.

        ERROR where that was the last attempt, CANCELLED where that was asked meanwhile. `crashed` counts one
        more crash of the engine under this task.
        """
        return await self._settle(claim, "retry", failure, delay_seconds, crashed)

    async def fail(self, claim: Claim, failure: TaskFailure) -> SettleOutcome:
        """End the task as an error that no further attempt would mend."""
        return await self._settle(claim, "error", failure)

    async def cancelled(self, claim: Claim) -> SettleOutcome:
        """End the task as cancelled."""
        return await self._settle(claim, "cancelled")

    async def release(self, claim: Claim, *, crashed: bool = False) -> SettleOutcome:
        """Hand the task back to the front of the queue, its attempt not counted; `crashed` as in `retry`."""
        return await self._settle(claim, "release", crashed=crashed)

    async def sweep(self, running: Collection[str]) -> None:
        """Hand back what lies in this worker's list and is not worked on.

        A BLMOVE whose reply was lost leaves a task there, which nobody else looks for while we live.
        """
        async with redis_reachable():
            for payload in await self._held():
                task_id = parse_task_id(payload)
                if task_id is None:
                    await self._scripts.discard(self.worker_id, payload)
                elif task_id not in running:
                    await self._hand_back(task_id, payload)

    async def leave(self) -> None:
        """Hand everything back and be forgotten: after a clean stop nothing waits for a lease to end."""
        self._unanswered.clear()
        self._tokens.clear()
        for _ in range(LEAVE_ROUNDS):
            await self.sweep(())
            async with redis_reachable():
                if await self._scripts.retire(self.worker_id, own=True):
                    return
        logger.warning("Worker %s leaves with tasks in its list; they are taken back later", self.worker_id)

    async def _receive(self, payload: bytes) -> None:
        task_id = parse_task_id(payload)
        if task_id is not None:
            token = secrets.token_hex(16)
            self._tokens.add(token)
            self._unanswered.append(_Taken(task_id, payload, token))
            return
        logger.warning("A queue element is no task and goes to the dead letters: %.200r", payload)
        async with redis_reachable():
            await self._scripts.discard(self.worker_id, payload)

    async def _claim_first(self) -> Claim | None:
        """Claim the oldest taken element; it stays noted until Redis has answered."""
        taken = self._unanswered[0]
        outcome, numbers = await self._ask_claim(taken)
        if self._unanswered and self._unanswered[0] is taken:
            self._unanswered.popleft()
        if outcome is not ClaimOutcome.OK:
            self._tokens.discard(taken.token)
            logger.info("Task %s is not claimed: %s", taken.task_id, outcome)
            return None
        task = parse_task(taken.payload)
        if task is not None:
            return Claim(task, taken.payload, taken.token, *numbers)
        logger.warning("Task %s is refused: its element is no valid task", taken.task_id)
        await self._give_up(taken, "error", INVALID_TASK)
        return None

    async def _ask_claim(self, taken: _Taken) -> tuple[ClaimOutcome, ClaimNumbers]:
        async with redis_reachable():
            answer = await self._scripts.claim(self.worker_id, taken.task_id, taken.payload, taken.token)
            if answer[0] is not ClaimOutcome.LEASE_EXPIRED:
                return answer
            await self._scripts.heartbeat(self.worker_id, [], register=True)
            return await self._scripts.claim(self.worker_id, taken.task_id, taken.payload, taken.token)

    async def _settle(
        self,
        claim: Claim,
        outcome: ReleaseReason,
        failure: TaskFailure = CANCELLED,
        delay_seconds: float = 0.0,
        crashed: bool = False,
    ) -> SettleOutcome:
        taken = _Taken(claim.task.task_id, claim.payload, claim.token)
        return await self._give_up(taken, outcome, failure, delay_seconds, crashed)

    async def _give_up(
        self,
        taken: _Taken,
        outcome: ReleaseReason,
        failure: TaskFailure,
        delay_seconds: float = 0.0,
        crashed: bool = False,
    ) -> SettleOutcome:
        settled = await self._until_answered(
            lambda: self._scripts.settle(
                *(self.worker_id, taken.task_id, taken.payload, taken.token, outcome, failure),
                delay_seconds=delay_seconds,
                crashed=crashed,
            )
        )
        self._tokens.discard(taken.token)
        return settled

    async def _held(self) -> list[bytes]:
        return cast(list[bytes], await self._commands.lrange(self._keys.processing(self.worker_id), 0, -1))

    async def _hand_back(self, task_id: str, payload: bytes) -> None:
        stored = cast(bytes | None, await self._commands.hget(self._keys.task(task_id), "token"))
        token = stored.decode() if stored else None
        if token in self._tokens or any(taken.payload == payload for taken in self._unanswered):
            return  # being claimed, or claimed and about to be run
        outcome = await self._scripts.requeue(
            self.worker_id, task_id, payload, seen_token=token, own=True, jitter=random.random()
        )
        if outcome not in (RequeueOutcome.GONE, RequeueOutcome.CLAIMED):
            logger.warning("Task %s lay unclaimed in this worker's list: %s", task_id, outcome)

    async def _until_answered(self, call: Callable[[], Awaitable[T]]) -> T:
        """What ends a claim is worth waiting for: the token tells whether it still counts."""
        while True:
            try:
                async with redis_reachable():
                    answer = await call()
            except QueueUnavailable as error:
                await asyncio.sleep(self._settling.failed(error))
            else:
                self._settling.succeeded()
                return answer
