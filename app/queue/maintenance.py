"""Housekeeping that any process may do at any time: every step is one script, so that no lock is needed."""

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from redis.asyncio import Redis

from app.core.config import Settings
from app.queue.clock import now_ms
from app.queue.keys import Keys
from app.queue.outcomes import PromoteOutcome, RequeueOutcome, Standing
from app.queue.payload import parse_task_id
from app.queue.policy import Policy
from app.queue.redis_errors import redis_reachable
from app.queue.scan import scan_names
from app.queue.scripts import Scripts

logger = logging.getLogger(__name__)

BATCH = 500
"""Most tasks that one call moves; the next call goes on."""

RETIRE_AFTER_SECONDS = 86_400
"""A BLMOVE sent before a network split may arrive long after the worker's lease; its list must stay known."""

SCAN_EVERY_SECONDS = 3600
SCAN_LIMIT_SECONDS = 120.0

MOVED = frozenset(
    {RequeueOutcome.REQUEUED, RequeueOutcome.DELAYED, RequeueOutcome.DEAD, RequeueOutcome.CANCELLED}
)


@dataclass(frozen=True, slots=True)
class TickReport:
    """What one tick did: delayed tasks queued, tasks taken from lost workers, workers forgotten."""

    promoted: int
    reaped: int
    retired: int


class Maintenance:
    """Puts due and lost tasks back into the queue; every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = Scripts(client, self._keys, Policy.from_settings(settings))

    async def tick(self) -> TickReport:
        """Do what is due; to be called every MAINTENANCE_SECONDS by every worker and API."""
        report = TickReport(await self.promote_due(), await self.reap(), await self.retire())
        async with redis_reachable():
            scan_due = await self._client.set(self._keys.scanned, 1, nx=True, ex=SCAN_EVERY_SECONDS)
        if scan_due:
            await self.reap_unregistered()
            await self.adopt_foreign_results()
            await self.prune_indexes()
        return report

    async def promote_due(self) -> int:
        """Queue the delayed tasks whose time has come; how many."""
        promoted = 0
        async with redis_reachable():
            due = await self._client.zrange(
                self._keys.delayed, "-inf", await now_ms(self._client), byscore=True, offset=0, num=BATCH
            )
            for payload in cast(list[bytes], due):
                task_id = parse_task_id(payload)
                if task_id is None:
                    await self._client.zrem(self._keys.delayed, payload)
                elif await self._scripts.promote(task_id, payload) is PromoteOutcome.PROMOTED:
                    promoted += 1
        return promoted

    async def reap(self) -> int:
        """Take back what workers hold whose lease has ended; how many tasks."""
        async with redis_reachable():
            return sum([await self._take_back(name) for name in await self._lost_workers(0)])

    async def retire(self) -> int:
        """Forget workers that are dead for a day and hold nothing; how many."""
        async with redis_reachable():
            lost = await self._lost_workers(RETIRE_AFTER_SECONDS)
            return sum([await self._scripts.retire(name, keep_seconds=RETIRE_AFTER_SECONDS) for name in lost])

    async def reap_unregistered(self) -> int:
        """Take back what lies in processing lists of workers that Redis does not know; how many tasks."""
        taken = 0
        async with redis_reachable(SCAN_LIMIT_SECONDS):
            async for name in scan_names(self._client, self._keys.processing_prefix):
                if await self._client.zscore(self._keys.workers, name) is None:
                    taken += await self._take_back(name)
        return taken

    async def adopt_foreign_results(self) -> int:
        """Mark waiting tasks done that a foreign worker took and answered, so that they expire; how many."""
        async with redis_reachable(SCAN_LIMIT_SECONDS):
            return sum(
                [
                    await self._scripts.adopt(task_id)
                    async for task_id in scan_names(self._client, self._keys.task_prefix)
                ]
            )

    async def prune_indexes(self) -> int:
        """Take tasks out of the lists of all tasks that have expired; how many entries."""
        async with redis_reachable(SCAN_LIMIT_SECONDS):
            owners = scan_names(self._client, self._keys.index_prefix)
            indexes = [self._keys.index, *[self._keys.index_of(owner) async for owner in owners]]
            return sum([await self._prune(index) for index in indexes])

    async def _prune(self, index: str) -> int:
        """From the oldest on, as far as there is something to prune."""
        pruned = kept = 0
        while entries := cast(list[bytes], await self._client.zrange(index, kept, kept + BATCH - 1)):
            async with self._client.pipeline(transaction=False) as pipeline:
                for task_id in entries:
                    pipeline.exists(self._keys.task(task_id.decode()))
                exist = await pipeline.execute()
            gone = [task_id for task_id, found in zip(entries, exist, strict=True) if not found]
            if not gone:
                break
            await self._client.zrem(index, *gone)
            pruned += len(gone)
            kept += len(entries) - len(gone)
        return pruned

    async def survey(self, task_ids: Iterable[str]) -> dict[str, Standing]:
        """What became of each of the tasks."""
        ids = list(task_ids)
        found: dict[str, Standing] = {}
        for start in range(0, len(ids), BATCH):
            batch = ids[start : start + BATCH]
            async with redis_reachable():
                found.update(zip(batch, await self._scripts.survey(batch), strict=True))
        return found

    async def _take_back(self, worker_id: str) -> int:
        taken = 0
        held = await self._client.lrange(self._keys.processing(worker_id), -BATCH, -1)
        for payload in cast(list[bytes], held):
            task_id = parse_task_id(payload)
            if task_id is None:
                await self._scripts.discard(worker_id, payload)
                continue
            outcome = await self._scripts.requeue(worker_id, task_id, payload, jitter=random.random())
            taken += outcome in MOVED
            logger.warning(
                "Task %s was held by worker %s, which is lost: %s",
                task_id,
                worker_id,
                outcome,
                extra={"event": "reaped", "task_id": task_id},
            )
        return taken

    async def _lost_workers(self, since_seconds: float) -> list[str]:
        before = await now_ms(self._client) - int(since_seconds * 1000)
        names = await self._client.zrange(
            self._keys.workers, "-inf", before, byscore=True, offset=0, num=BATCH
        )
        return [name.decode() for name in cast(list[bytes], names)]
