"""One typed function per Lua script: each is one atomic step of the protocol and safe to repeat."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from app.queue.keys import Keys
from app.queue.outcomes import (
    CANCELLED,
    EXHAUSTED,
    CheckpointOutcome,
    ClaimNumbers,
    ClaimOutcome,
    CompleteOutcome,
    DeleteOutcome,
    EnqueueOutcome,
    Lease,
    PromoteOutcome,
    RequeueOutcome,
    RestoreOutcome,
    ReviveOutcome,
    SettleOutcome,
    Standing,
    parse_standing,
)
from app.queue.policy import Policy
from app.queue.room import Demand
from app.schemas.task import TaskFailure
from app.schemas.window import WindowDone

StoredTask = tuple[list[bytes | None], list[bytes | None], bytes | None, list[bytes | None]]
"""What `read` finds of a task: fields of its hash and of its windows, its result, texts of its windows."""

ReleaseReason = Literal["retry", "error", "cancelled", "release"]


def script_sources() -> dict[str, str]:
    """Text of every script by its name, as it is sent to Redis."""
    folder = Path(__file__).parent / "scripts"
    texts = {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.lua"))}
    prelude = texts.pop("prelude")
    return {name: prelude + text for name, text in texts.items()}


def registered(client: Redis, *names: str) -> dict[str, AsyncScript]:
    """Scripts on a client, by their names: each sends its text once, then its digest."""
    sources = script_sources()
    return {name: client.register_script(sources[name]) for name in names}


class Scripts:
    """The scripts of a task's life, of one service on one client; raises redis-py's errors.

    Those of one concern alone (webhooks, quotas, lending …) are with that, see `registered`.
    """

    def __init__(
        self, client: Redis, keys: Keys, policy: Policy, sources: Mapping[str, str] | None = None
    ) -> None:
        self._keys = keys
        self._policy = policy
        self._scripts: dict[str, AsyncScript] = {
            name: client.register_script(text) for name, text in (sources or script_sources()).items()
        }

    async def enqueue(
        self, task_id: str, payload: bytes, *, high: bool = False, owner: str | None = None
    ) -> EnqueueOutcome:
        """Put a task into the queue, once per id."""
        keys, policy = self._keys, self._policy
        answer = await self._run(
            "enqueue",
            [keys.queue, keys.high, keys.task(task_id), keys.index, keys.index_of(owner)],
            [payload, policy.max_queue_length, int(high), policy.max_attempts, task_id],
        )
        return EnqueueOutcome(answer.decode())

    async def claim(
        self, worker_id: str, task_id: str, payload: bytes, token: str
    ) -> tuple[ClaimOutcome, ClaimNumbers]:
        """Claim an element of the worker's list; with other than OK, the numbers are zeros."""
        keys, policy = self._keys, self._policy
        outcome, *numbers = await self._run(
            "claim",
            [
                *(keys.processing(worker_id), keys.task(task_id), keys.workers, keys.dead),
                *(keys.result(task_id), keys.windows(task_id), keys.index),
            ],
            [
                *(payload, worker_id, token, policy.max_attempts, policy.dead_list_length),
                *(policy.ttl_seconds, EXHAUSTED.model_dump_json(), CANCELLED.model_dump_json(), task_id),
            ],
        )
        return ClaimOutcome(outcome.decode()), ClaimNumbers(*(numbers or (0, 0, 0, 0)))

    async def heartbeat(
        self, worker_id: str, claims: Sequence[tuple[str, str]], *, register: bool = False
    ) -> list[Lease] | None:
        """Renew the lease; one answer per (task id, token), or None where the worker was forgotten."""
        state, *leases = await self._run(
            "heartbeat",
            [self._keys.workers, *(self._keys.task(task_id) for task_id, _ in claims)],
            [worker_id, self._policy.lease_ms, int(register), *(token for _, token in claims)],
        )
        return [Lease(lease.decode()) for lease in leases] if state == b"OK" else None

    async def checkpoint(self, task_id: str, token: str, done: WindowDone) -> CheckpointOutcome:
        """Save a window that a claim has finished."""
        answer = await self._run(
            "checkpoint",
            [self._keys.task(task_id), self._keys.windows(task_id)],
            [
                *(token, done.plan, done.window.number, done.window.model_dump_json(), done.window.text),
                *(done.covered, "" if done.duration is None else done.duration),
            ],
        )
        return CheckpointOutcome(answer.decode())

    async def complete(
        self, worker_id: str, task_id: str, payload: bytes, token: str, result: str
    ) -> CompleteOutcome:
        """Write the result of a claim."""
        keys = self._keys
        answer = await self._run(
            "complete",
            [keys.processing(worker_id), keys.task(task_id), keys.result(task_id), keys.windows(task_id)],
            [payload, token, result, self._policy.ttl_seconds],
        )
        return CompleteOutcome(answer.decode())

    async def settle(
        self,
        worker_id: str,
        task_id: str,
        payload: bytes,
        token: str,
        outcome: ReleaseReason,
        failure: TaskFailure = CANCELLED,
        *,
        delay_seconds: float = 0.0,
        crashed: bool = False,
    ) -> SettleOutcome:
        """Give a claim up."""
        keys, policy = self._keys, self._policy
        answer = await self._run(
            "settle",
            [
                *(keys.processing(worker_id), keys.task(task_id), keys.queue, keys.delayed, keys.dead),
                *(keys.result(task_id), keys.windows(task_id)),
            ],
            [
                *(payload, token, outcome, failure.model_dump_json(), int(delay_seconds * 1000)),
                *(policy.dead_list_length, policy.ttl_seconds, int(crashed), CANCELLED.model_dump_json()),
            ],
        )
        return SettleOutcome(answer.decode())

    async def requeue(
        self,
        worker_id: str,
        task_id: str,
        payload: bytes,
        *,
        seen_token: str | None = None,
        own: bool = False,
        jitter: float = 1.0,
    ) -> RequeueOutcome:
        """Take an element out of a dead worker's list or, with `own`, out of the caller's."""
        keys, policy = self._keys, self._policy
        answer = await self._run(
            "requeue",
            [
                *(keys.workers, keys.processing(worker_id), keys.queue, keys.task(task_id)),
                *(keys.delayed, keys.dead, keys.result(task_id), keys.windows(task_id)),
            ],
            [
                *(worker_id, payload, int(own), seen_token or "", policy.backoff_ms, policy.backoff_max_ms),
                *(jitter, policy.max_attempts, policy.dead_list_length, policy.ttl_seconds),
                *(EXHAUSTED.model_dump_json(), CANCELLED.model_dump_json()),
            ],
        )
        return RequeueOutcome(answer.decode())

    async def promote(self, task_id: str, payload: bytes) -> PromoteOutcome:
        """Move a delayed task that is due to the front of the queue."""
        keys = self._keys
        answer = await self._run("promote", [keys.delayed, keys.queue, keys.task(task_id)], [payload])
        return PromoteOutcome(answer.decode())

    async def delete(
        self, task_id: str, *, owner: str | None = None, payload: bytes = b"", request_key: str | None = None
    ) -> DeleteOutcome:
        """Remove a task and all that is known of it; `payload` is its element where it may have no hash,
        `request_key` is what `Keys.request_of` the task holds."""
        keys = self._keys
        request_of = keys.request_of(task_id)
        answer = await self._run(
            "delete",
            [
                *(keys.queue, keys.high, keys.delayed, keys.task(task_id), keys.result(task_id)),
                *(keys.windows(task_id), keys.dead, keys.index, keys.index_of(owner)),
                *(request_of, request_key or request_of, keys.awaited, keys.webhooks),
            ],
            [task_id, payload],
        )
        return DeleteOutcome(answer.decode())

    async def retire(self, worker_id: str, *, keep_seconds: float = 0.0, own: bool = False) -> bool:
        """Forget a worker that holds nothing; False where it is kept."""
        keys = self._keys
        answer = await self._run(
            "retire",
            [keys.workers, keys.processing(worker_id)],
            [worker_id, int(keep_seconds * 1000), int(own)],
        )
        return bool(answer == b"RETIRED")

    async def discard(self, worker_id: str, payload: bytes) -> bool:
        """Bury an element that names no task; False where it is gone already."""
        keys = self._keys
        answer = await self._run(
            "discard", [keys.processing(worker_id), keys.dead], [payload, self._policy.dead_list_length]
        )
        return bool(answer == b"BURIED")

    async def adopt(self, task_id: str) -> bool:
        """Mark a waiting task done whose result a foreign worker wrote; False where nothing is to do."""
        keys = self._keys
        answer = await self._run(
            "adopt",
            [keys.task(task_id), keys.result(task_id), keys.windows(task_id)],
            [self._policy.ttl_seconds],
        )
        return bool(answer == b"ADOPTED")

    async def pick(
        self,
        worker_id: str,
        source: str,
        longest: float | None,
        fetch: bool,
        unwanted: Iterable[Demand],
        passed: bytes,
        *,
        default_model: str,
    ) -> tuple[bytes | None, bytes | None]:
        """Move the first element of a list that is wanted into the worker's; see app.queue.room.

        The element, None where none is; and the newest that was passed over, where the next look may begin.
        """
        limit = "" if longest is None else f"{longest:.3f}"
        element, passed_now = await self._run(
            "pick",
            [source, self._keys.processing(worker_id)],
            [limit, int(fetch), passed, default_model, *(f"{each.kind} {each.model}" for each in unwanted)],
        )
        return element, passed_now

    async def survey(self, task_ids: Sequence[str]) -> list[Standing]:
        """What became of each of some tasks."""
        keys = [key for each in task_ids for key in (self._keys.task(each), self._keys.result(each))]
        return [parse_standing(*found) for found in await self._run("survey", keys, [])]

    async def restore(
        self, task_id: str, payload: bytes, result: bytes, *, owner: str | None = None
    ) -> RestoreOutcome:
        """Make a task done with a result that exists already."""
        keys = self._keys
        answer = await self._run(
            "restore",
            [
                *(keys.queue, keys.high, keys.delayed, keys.task(task_id), keys.result(task_id)),
                *(keys.windows(task_id), keys.index, keys.index_of(owner), keys.dead),
            ],
            [payload, result, self._policy.ttl_seconds, task_id],
        )
        return RestoreOutcome(answer.decode())

    async def read(
        self, task_ids: Sequence[str], fields: Sequence[str], progress: Sequence[str]
    ) -> list[StoredTask]:
        """Of each task, values of its hash's `fields`, of its windows' fields `progress`, and the rest."""
        keys = self._keys
        names = [key for each in task_ids for key in (keys.task(each), keys.windows(each), keys.result(each))]
        found: list[StoredTask] = await self._run("read", names, [len(fields), *fields, *progress])
        return found

    async def find(self, text: str, depth: int) -> list[bytes]:
        """Waiting elements that contain `text`, among the `depth` next in line of each list."""
        found: list[bytes] = await self._run("find", [self._keys.queue, self._keys.high], [text, depth])
        return found

    async def revive(self, task_id: str, payload: bytes) -> ReviveOutcome:
        """Queue a task anew with all its attempts."""
        keys = self._keys
        answer = await self._run(
            "revive",
            [
                *(keys.queue, keys.high, keys.delayed, keys.task(task_id), keys.dead),
                *(keys.result(task_id), keys.windows(task_id)),
            ],
            [payload, self._policy.max_attempts],
        )
        return ReviveOutcome(answer.decode())

    async def _run(self, name: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        return await self._scripts[name](keys=keys, args=arguments)
