"""Lending: idle workers borrow windows of a long recording from the worker that owns it.

Nothing of it outlives its task for long: all its keys end by themselves unless the owner renews them.
"""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, cast

from pydantic import ValidationError
from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.keys import Keys
from app.queue.outcomes import CheckpointOutcome
from app.queue.payload import parse_task
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import registered
from app.schemas.lending import Loan, Offer, OfferedWindow, Taken
from app.schemas.task import Task
from app.schemas.window import WindowDone, WindowTranscript

MOST_LOANS = 2
"""How often a window is lent before it is suspected of killing whoever decodes it."""

MOST_RECORDINGS = 100
"""Recordings among which a worker chooses one to help with."""


class OfferOutcome(StrEnum):
    """ASKED: an idle worker wants to help; FENCED: the claim is no longer the caller's."""

    FENCED = "FENCED"
    QUIET = "QUIET"
    ASKED = "ASKED"


class BorrowOutcome(StrEnum):
    """GONE: no owner offers anything; OTHER: by another plan; TASKS: tasks wait; UNKNOWN: no lease."""

    OK = "OK"
    GONE = "GONE"
    OTHER = "OTHER"
    TASKS = "TASKS"
    UNKNOWN = "UNKNOWN"


class Lending:
    """Both sides of it, one script a step. Every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._offer_ms = int(settings.lease_seconds * 1000)
        self._loan_ms = int(settings.share_loan_seconds * 1000)
        names = ("offer", "take", "withdraw", "borrow", "deliver", "prolong", "give_back")
        self._scripts = registered(client, *names)

    async def offer(self, task_id: str, token: str, offer: Offer) -> OfferOutcome:
        """Offer windows under a claim, or renew what is on offer."""
        keys = self._keys
        windows = [
            part
            for each in offer.windows
            for part in (each.number, each.model_dump_json(exclude_defaults=True))
        ]
        answer = await self._run(
            "offer",
            [keys.task(task_id), keys.help, *self._lent(task_id), keys.windows(task_id)],
            [token, task_id, offer.plan, offer.saved_plan, self._offer_ms, *windows],
        )
        return OfferOutcome(answer.decode())

    async def take(
        self, task_id: str, token: str, saved_plan: str, numbers: Sequence[int], most: int
    ) -> Taken | None:
        """Take windows back, as many as `most`, and those that are done; None where the claim was lost."""
        state, *found = await self._run(
            "take",
            [*self._own(task_id), *self._lent(task_id), self._keys.workers],
            [token, saved_plan, most, MOST_LOANS, *numbers],
        )
        if state != b"OK":
            return None
        by_kind: dict[bytes, list[int]] = {b"MINE": [], b"SUSPECT": []}
        done = []
        for number, value in found:
            if value in by_kind:
                by_kind[value].append(int(number))
            elif (window := _window(value)) is not None:
                done.append(window)
            else:  # of another version, which is not likely: the plan is the same
                by_kind[b"MINE"].append(int(number))
        return Taken(mine=tuple(by_kind[b"MINE"]), suspects=tuple(by_kind[b"SUSPECT"]), done=tuple(done))

    async def withdraw(self, task_id: str, token: str) -> None:
        """Offer nothing any more."""
        keys = self._keys
        await self._run("withdraw", [keys.help, *self._lent(task_id)], [token, task_id])

    async def recordings(self) -> list[str]:
        """Ids of tasks that idle workers may help with; of some the owner may just have died."""
        async with redis_reachable():
            ids = await self._client.zrange(self._keys.help, 0, MOST_RECORDINGS - 1)
        return [task_id.decode() for task_id in cast(list[bytes], ids)]

    async def task(self, task_id: str) -> Task | None:
        """The task of that id; None where it is gone."""
        async with redis_reachable():
            payload = cast(bytes | None, await self._client.hget(self._keys.task(task_id), "payload"))
        return None if payload is None else parse_task(payload)

    async def borrow(self, worker_id: str, task_id: str, plan: str, most: int) -> tuple[BorrowOutcome, Loan]:
        """Borrow as many windows as `most`; an empty loan where none is to be had now."""
        keys = self._keys
        outcome, *found = await self._run(
            "borrow",
            [keys.task(task_id), *self._lent(task_id), keys.workers, keys.queue, keys.high],
            [worker_id, plan, most, self._loan_ms, MOST_LOANS, secrets.token_hex(8)],
        )
        known = BorrowOutcome(outcome.decode())
        if known is not BorrowOutcome.OK:
            return known, Loan(is_over=known is not BorrowOutcome.TASKS)
        saved_plan, *windows = found
        offered = tuple(OfferedWindow.model_validate_json(each) for each in windows)
        return known, Loan(windows=offered, saved_plan=saved_plan.decode())

    async def deliver(self, task_id: str, done: WindowDone) -> CheckpointOutcome:
        """Hand a borrowed window in; FENCED where it is of no use to the task any more."""
        answer = await self._run(
            "deliver",
            [*self._own(task_id), *self._lent(task_id)],
            [
                *(done.plan, done.window.number, done.window.model_dump_json(), done.window.text),
                done.covered,
            ],
        )
        return CheckpointOutcome.FENCED if answer == b"REFUSED" else CheckpointOutcome(answer.decode())

    async def prolong(self, worker_id: str, task_id: str, numbers: Sequence[int]) -> bool:
        """Keep borrowed windows for longer; False where they are of no use any more."""
        keys = self._keys
        answer = await self._run(
            "prolong", [keys.task(task_id), *self._lent(task_id)], [worker_id, self._loan_ms, *numbers]
        )
        return bool(answer == b"HELD")

    async def give_back(
        self, worker_id: str, task_id: str, numbers: Sequence[int], *, begun: bool = False
    ) -> int:
        """Give borrowed windows back; those that were begun count as lent in vain. How many it had."""
        arguments = [worker_id, int(not begun), *numbers]
        return int(await self._run("give_back", self._lent(task_id), arguments))

    def _own(self, task_id: str) -> list[str]:
        return [self._keys.task(task_id), self._keys.windows(task_id)]

    def _lent(self, task_id: str) -> list[str]:
        return [self._keys.offers(task_id), self._keys.loans(task_id)]

    async def _run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        async with redis_reachable():
            return await self._scripts[name](keys=keys, args=arguments)


def _window(stored: bytes) -> WindowTranscript | None:
    try:
        return WindowTranscript.model_validate_json(stored)
    except ValidationError:
        return None
