"""Random histories of the scripts, as Hypothesis makes them, and what must hold after every step.

Time does not pass by itself: leases lapse and delays end where a rule says so, by writing their scores.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar, cast

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from redis.asyncio import Redis

from app.queue.keys import Keys
from app.queue.outcomes import (
    CheckpointOutcome,
    ClaimNumbers,
    ClaimOutcome,
    CompleteOutcome,
    DeleteOutcome,
    EnqueueOutcome,
    Lease,
    RestoreOutcome,
)
from app.queue.payload import parse_task_id
from app.queue.policy import Policy
from app.queue.scripts import ReleaseReason, Scripts
from app.schemas.window import WindowDone, WindowTranscript
from tests.support.queue import FAILURE

T = TypeVar("T")

DATABASE = 9
"""Flushed before every history; no other test uses it."""

TASKS = ("a", "b", "c")
POLICY = Policy(
    max_queue_length=0,
    max_attempts=3,
    lease_ms=3_600_000,
    backoff_ms=3_600_000,
    backoff_max_ms=3_600_000,
    dead_list_length=100,
    ttl_seconds=3600,
)
KEPT = "kept"
"""Text of the results that are restored."""

FINAL = ("done", "error", "cancelled")

tasks = st.sampled_from(TASKS)
slots = st.integers(0, 1)
picks = st.integers(0, 7)


@dataclass(frozen=True)
class Held:
    """An element that a worker took, under the token with which it claims it."""

    worker: str
    task_id: str
    payload: bytes
    token: str


@dataclass
class Snapshot:
    """What is stored at one moment: the lists in which a task may wait or be held, and what each task has.

    `seconds_left` are those of a task's hash and of its result; negative: they do not expire, or are not.
    """

    places: dict[str, list[bytes]]
    tasks: dict[str, dict[str, str]] = field(default_factory=dict)
    results: dict[str, bytes | None] = field(default_factory=dict)
    seconds_left: dict[str, tuple[int, int]] = field(default_factory=dict)
    has_windows: dict[str, bool] = field(default_factory=dict)


def element(task_id: str, variant: int = 0) -> bytes:
    """Two programs may write the same task in different bytes."""
    return json.dumps({"task_id": task_id, "file_path": f"{task_id}{variant}.wav"}).encode()


class QueueHistories(RuleBasedStateMachine):
    """Two workers, three tasks, foreign programs, crashes, lost replies, several reapers."""

    port: ClassVar[int]
    sources: ClassVar[Mapping[str, str] | None] = None

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner()
        self._client = Redis(port=self.port, db=DATABASE)
        self._keys = Keys("q", "r:")
        self._scripts = Scripts(self._client, self._keys, POLICY, self.sources)
        self._names = ["w0", "w1"]
        self._born = 2
        self._taken: list[Held] = []
        self._claims: list[Held] = []
        self._closed: list[Held] = []
        self._looks: list[tuple[str, bytes]] = []
        self._own_looks: list[tuple[str, bytes, str | None]] = []
        self._accepted: set[str] = set()
        self._deleted: set[str] = set()
        self._completed: Counter[str] = Counter()
        self._final: dict[str, str] = {}
        self._winner: dict[str, str] = {}
        self.run(self._client.flushdb())
        for name in self._names:
            self.run(self._scripts.heartbeat(name, [], register=True))

    def run(self, awaitable: Awaitable[T]) -> T:
        async def wait() -> T:
            return await awaitable

        return self._runner.run(wait())

    # Producers

    @initialize()
    def some_tasks(self) -> None:
        for task_id in TASKS:
            self.enqueue(task_id, high=False)

    @rule(task_id=tasks, high=st.booleans())
    def enqueue(self, task_id: str, high: bool) -> None:
        outcome = self.run(self._scripts.enqueue(task_id, element(task_id), high=high))
        known = task_id in self._accepted
        assert known or outcome is EnqueueOutcome.ENQUEUED
        self._accepted.add(task_id)

    @rule(task_id=tasks, variant=st.integers(0, 1))
    def push(self, task_id: str, variant: int) -> None:
        self.run(self._client.lpush("q", element(task_id, variant)))
        self._accepted.add(task_id)

    @rule(task_id=tasks, pick=picks)
    def delete(self, task_id: str, pick: int) -> None:
        """Whatever becomes of it: duplicates of the element are tasks of their own afterwards. Seldom."""
        if pick:
            return
        outcome = self.run(self._scripts.delete(task_id, payload=element(task_id)))
        if outcome is DeleteOutcome.REQUESTED:
            assert task_id not in self._final
            self._deleted.add(task_id)
        else:
            self._forget(task_id)

    # Workers

    @rule(slot=slots, high=st.booleans())
    def take(self, slot: int, high: bool) -> None:
        worker = self._names[slot]
        source = self._keys.high if high else self._keys.queue
        payload = self.run(self._client.lmove(source, self._keys.processing(worker), "RIGHT", "LEFT"))
        if payload is not None:
            taken = cast(bytes, payload)
            task_id = parse_task_id(taken)
            assert task_id is not None
            self._taken.append(Held(worker, task_id, taken, f"token{self._fresh()}"))

    @rule(pick=picks)
    def claim(self, pick: int) -> None:
        if not self._taken:
            return
        held = self._taken[pick % len(self._taken)]
        outcome, _ = self._claim(held)
        if outcome is ClaimOutcome.LEASE_EXPIRED:
            return
        self._taken.remove(held)
        if outcome is ClaimOutcome.OK:
            self._claims.append(held)

    @rule(slot=slots)
    def take_and_claim(self, slot: int) -> None:
        """As a worker does when nothing goes wrong."""
        before = len(self._taken)
        self.take(slot, high=False)
        if len(self._taken) > before:
            self.claim(before)

    @rule(pick=picks)
    def claim_twice(self, pick: int) -> None:
        """The reply of the first claim was lost."""
        if self._taken:
            first, _ = self._claim(self._taken[pick % len(self._taken)])
            second, _ = self._claim(self._taken[pick % len(self._taken)])
            assert (first is ClaimOutcome.OK) == (second is ClaimOutcome.OK)

    @rule(slot=slots)
    def heartbeat(self, slot: int) -> None:
        worker = self._names[slot]
        mine = [held for held in self._claims if held.worker == worker]
        pairs = [(held.task_id, held.token) for held in mine]
        leases = self.run(self._scripts.heartbeat(worker, pairs, register=True))
        assert leases is not None
        lost = [held for held, lease in zip(mine, leases, strict=True) if lease is Lease.LOST]
        self._closed += lost
        self._claims = [held for held in self._claims if held not in lost]

    @rule(pick=picks, stale=st.booleans(), number=st.integers(0, 2))
    def checkpoint(self, pick: int, stale: bool, number: int) -> None:
        if held := self._pick(pick, stale):
            window = WindowTranscript(number=number, start=number, end=number + 1)
            done = WindowDone(plan="plan", window=window, covered=1)
            outcome = self.run(self._scripts.checkpoint(held.task_id, held.token, done))
            assert not stale or outcome is CheckpointOutcome.FENCED, "a lost claim saved a window"

    @rule(pick=picks, stale=st.booleans(), again=st.booleans())
    def complete(self, pick: int, stale: bool, again: bool) -> None:
        """Also by a worker that lost its claim and does not know it, and again where the reply was lost."""
        for _ in range(1 + again):
            if held := self._pick(pick, stale):
                outcome = self.run(
                    self._scripts.complete(
                        held.worker, held.task_id, held.payload, held.token, json.dumps({"text": held.token})
                    )
                )
                assert not (stale and outcome is CompleteOutcome.DONE), "a lost claim wrote a result"
                self._completed[held.task_id] += outcome is CompleteOutcome.DONE
                if outcome is CompleteOutcome.DONE:
                    self._winner[held.task_id] = held.token
        self._close(pick, stale)

    @rule(
        pick=picks,
        stale=st.booleans(),
        outcome=st.sampled_from(["retry", "error", "cancelled", "release"]),
        again=st.booleans(),
    )
    def settle(self, pick: int, stale: bool, outcome: ReleaseReason, again: bool) -> None:
        for _ in range(1 + again):
            if held := self._pick(pick, stale):
                self.run(
                    self._scripts.settle(
                        held.worker, held.task_id, held.payload, held.token, outcome, FAILURE
                    )
                )
        self._close(pick, stale)

    @rule(slot=slots)
    def look_at_own_list(self, slot: int) -> None:
        """The first half of a self-sweep: what lies there that this worker neither runs nor is claiming."""
        worker = self._names[slot]
        tokens = {held.token for held in self._claims + self._taken if held.worker == worker}
        for payload in self._list(self._keys.processing(worker)):
            token = self.run(self._client.hget(self._keys.task(parse_task_id(payload) or ""), "token"))
            seen = cast(bytes, token).decode() if token else None
            if seen not in tokens:
                self._own_looks.append((worker, payload, seen))

    @rule(pick=picks)
    def sweep(self, pick: int) -> None:
        if self._own_looks:
            worker, payload, seen = self._own_looks.pop(pick % len(self._own_looks))
            task_id = parse_task_id(payload) or ""
            self.run(self._scripts.requeue(worker, task_id, payload, seen_token=seen, own=True))

    # Faults and housekeeping

    @rule(slot=slots)
    def stall(self, slot: int) -> None:
        """The lease ends; the worker lives on and may come back."""
        self.run(self._client.zadd(self._keys.workers, {self._names[slot]: 1}, xx=True))

    @rule(slot=slots)
    def stall_until_reaped(self, slot: int) -> None:
        """The worker stops, a reaper takes back what it holds, and it goes on as if nothing had been."""
        worker = self._names[slot]
        self.stall(slot)
        for payload in self._list(self._keys.processing(worker)):
            self.run(self._scripts.requeue(worker, parse_task_id(payload) or "", payload))
        self.heartbeat(slot)

    @rule(slot=slots)
    def kill(self, slot: int) -> None:
        """The worker is gone with all it knew; another one starts."""
        dead = self._names[slot]
        self._taken = [held for held in self._taken if held.worker != dead]
        self._claims = [held for held in self._claims if held.worker != dead]
        self._closed = [held for held in self._closed if held.worker != dead]
        self._own_looks = [look for look in self._own_looks if look[0] != dead]
        self.run(self._client.zadd(self._keys.workers, {dead: 1}, xx=True))
        self._names[slot] = f"w{self._fresh()}"
        self.run(self._scripts.heartbeat(self._names[slot], [], register=True))

    @rule(task_id=tasks, pick=picks)
    def restore(self, task_id: str, pick: int) -> None:
        """Redis has lost a result that is kept elsewhere, wherever the task is. Seldom, since it ends it."""
        if pick:
            return
        outcome = self.run(
            self._scripts.restore(task_id, element(task_id), json.dumps({"text": KEPT}).encode())
        )
        ended_well = self._final.get(task_id) in ("done", "cancelled")
        assert (outcome is RestoreOutcome.KNOWN) == (ended_well or task_id in self._deleted)
        if outcome is RestoreOutcome.RESTORED:
            self._accepted.add(task_id)
            self._final[task_id], self._winner[task_id] = "done", KEPT

    @rule()
    def look_at_all_lists(self) -> None:
        """The first half of a reaper's round; it may stall before the second."""
        for worker in self._workers():
            self._looks += [(worker, payload) for payload in self._list(self._keys.processing(worker))]

    @rule(pick=picks)
    def reap(self, pick: int) -> None:
        if self._looks:
            worker, payload = self._looks.pop(pick % len(self._looks))
            self.run(self._scripts.requeue(worker, parse_task_id(payload) or "", payload))

    @rule()
    def promote(self) -> None:
        for payload in cast(list[bytes], self.run(self._client.zrange(self._keys.delayed, 0, -1))):
            self.run(self._client.zadd(self._keys.delayed, {payload: 1}))
            self.run(self._scripts.promote(parse_task_id(payload) or "", payload))

    # What must hold

    @invariant()
    def nothing_is_wrong(self) -> None:
        seen = self._look()
        for task_id in TASKS:
            if task_id in self._deleted and not seen.tasks[task_id]:
                self._forget(task_id)
            self._check_owner(task_id, seen)
            self._check_place(task_id, seen)
            self._check_end(task_id, seen)

    def _check_owner(self, task_id: str, seen: "Snapshot") -> None:
        """The token is set where, and only where, the element lies in its worker's list."""
        fields = seen.tasks[task_id]
        worker, payload = fields.get("worker"), fields.get("payload", "").encode()
        owned = worker is not None and payload in seen.places.get(self._keys.processing(worker), [])
        assert ("token" in fields) == owned, f"{task_id}: token without element, or the reverse: {fields}"
        assert ("token" in fields) == (fields.get("status") == "processing")

    def _check_place(self, task_id: str, seen: "Snapshot") -> None:
        """An accepted task that has not ended lies somewhere."""
        fields = seen.tasks[task_id]
        if task_id in self._accepted and fields.get("status") not in FINAL:
            found = [name for name, held in seen.places.items() if task_id in map(parse_task_id, held)]
            assert found, f"{task_id} is lost: {fields}"

    def _check_end(self, task_id: str, seen: "Snapshot") -> None:
        """The end is the end, and the result is that of the one who completed the task."""
        status, stored = seen.tasks[task_id].get("status", ""), seen.results[task_id]
        assert self._completed[task_id] <= 1, f"{task_id} was completed twice"
        assert self._final.get(task_id, status) == status, f"{task_id} had ended"
        if status in FINAL:
            self._final[task_id] = status
            result = json.loads(stored or b"null")
            expected = {"text": self._winner.get(task_id)} if status == "done" else result
            assert result == expected
            assert status == "done" or result["status"] == "error"
            assert min(seen.seconds_left[task_id]) > 0
            assert not seen.has_windows[task_id], f"{task_id}: windows leak"
        else:
            assert stored is None
            assert seen.seconds_left[task_id][0] < 0

    def teardown(self) -> None:
        """Let every worker die and a healthy one do what is left: then all has ended and nothing leaks."""
        try:
            self._drain()
            self.nothing_is_wrong()
            assert set(self._final) >= self._accepted
            self._check_leaks()
        finally:
            self.run(self._client.aclose())
            self._runner.close()

    def _drain(self) -> None:
        for slot in (0, 1):
            self.kill(slot)
        for _ in range(200):
            self._looks.clear()
            self.look_at_all_lists()
            while self._looks:
                self.reap(0)
            self.promote()
            for high in (True, False):
                self.take(0, high)
            if not self._taken:
                break
            while self._taken:
                self.claim(0)
            while self._claims:
                self.complete(0, stale=False, again=False)

    def _check_leaks(self) -> None:
        names = cast(list[bytes], self.run(self._client.keys("*")))
        lasting = {name.decode() for name in names if self.run(self._client.ttl(name)) < 0}
        assert lasting <= {self._keys.dead, self._keys.workers, self._keys.index}

    # Helpers

    def _forget(self, task_id: str) -> None:
        """A deleted task is gone, and its id is as good as new."""
        self._accepted.discard(task_id)
        self._deleted.discard(task_id)
        self._final.pop(task_id, None)
        self._winner.pop(task_id, None)
        self._completed[task_id] = 0

    def _fresh(self) -> int:
        self._born += 1
        return self._born

    def _claim(self, held: Held) -> tuple[ClaimOutcome, ClaimNumbers]:
        return self.run(self._scripts.claim(held.worker, held.task_id, held.payload, held.token))

    def _pick(self, pick: int, stale: bool) -> Held | None:
        held = self._closed if stale else self._claims
        return held[pick % len(held)] if held else None

    def _close(self, pick: int, stale: bool) -> None:
        held = None if stale else self._pick(pick, stale)
        if held is not None:
            self._claims.remove(held)
            self._closed.append(held)

    def _workers(self) -> list[str]:
        names = self.run(self._client.zrange(self._keys.workers, 0, -1))
        return [name.decode() for name in cast(list[bytes], names)]

    def _list(self, key: str) -> list[bytes]:
        return cast(list[bytes], self.run(self._client.lrange(key, 0, -1)))

    def _look(self) -> "Snapshot":
        """All that the invariants need, in two round trips: thousands of histories pay for each."""
        lists = [self._keys.queue, self._keys.high, *map(self._keys.processing, self._workers())]

        async def ask() -> list[Any]:
            async with self._client.pipeline(transaction=False) as pipeline:
                for name in lists:
                    pipeline.lrange(name, 0, -1)
                pipeline.zrange(self._keys.delayed, 0, -1)
                for task_id in TASKS:
                    pipeline.hgetall(self._keys.task(task_id))
                    pipeline.get(self._keys.result(task_id))
                    pipeline.ttl(self._keys.task(task_id))
                    pipeline.ttl(self._keys.result(task_id))
                    pipeline.exists(self._keys.windows(task_id))
                return await pipeline.execute()

        answers = iter(self.run(ask()))
        seen = Snapshot(places={name: next(answers) for name in [*lists, self._keys.delayed]})
        for task_id in TASKS:
            fields = next(answers)
            seen.tasks[task_id] = {name.decode(): value.decode() for name, value in fields.items()}
            seen.results[task_id] = next(answers)
            seen.seconds_left[task_id] = (next(answers), next(answers))
            seen.has_windows[task_id] = bool(next(answers))
        return seen
