"""What each API key has used of its quota: counted in Redis, for all APIs together.

Counts are of days and months by the clock of Redis, in UTC. A task is counted as it is accepted, in one
script with the check, so that no two recordings share the last room. `open` holds the tasks of a key that had
not ended when somebody last looked.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic_core import from_json
from redis.asyncio import Redis

from app.core.config import Settings
from app.core.errors import QuotaExceeded, RecordingExceedsLimit
from app.core.quotas import LIMITS, Quota, Quotas
from app.core.validation import number_within
from app.core.wording import span
from app.queue.clock import now_ms
from app.queue.keys import Keys
from app.queue.maintenance import Maintenance
from app.queue.outcomes import Stage
from app.queue.redis_errors import redis_reachable
from app.queue.scripts import registered
from app.queue.turns import is_turn
from app.schemas.task import LONGEST_SECONDS, Task
from app.schemas.usage import Amount, Usage

HOUR_MS, MEBIBYTE = 3_600_000, 1024 * 1024

KEPT_SECONDS = 86_400
"""How much longer than its day or month a count stays."""

ACCEPTANCE_MS = 60_000
"""A counted task that Redis does not know after so long was not accepted, or was deleted."""

OPEN_RETRY_SECONDS = 30

SETTLE_SECONDS = 30.0
"""A result tells how long its recording was: it is looked for while Redis surely has it."""

_AUDIO = "audio_hours"
_NAMES = {5: "audio_hours_day", 6: "audio_hours_month", 7: "mebibytes_day", 8: "mebibytes_month"}


@dataclass(frozen=True, slots=True)
class _Windows:
    """The day and the month of a moment, with the seconds until each is over."""

    day: str
    month: str
    day_left: int
    month_left: int

    @classmethod
    def at(cls, ms: float) -> "_Windows":
        now = datetime.fromtimestamp(ms / 1000, UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        days = monthrange(now.year, now.month)[1] - now.day
        day_left = int((midnight - now).total_seconds()) + 1
        return cls(f"{now:%Y-%m-%d}", f"{now:%Y-%m}", day_left, day_left + days * 86_400)


class UsageCounter:
    """Counts what keys use. Every method raises QueueUnavailable."""

    def __init__(self, client: Redis, settings: Settings) -> None:
        self._client = client
        self._keys = Keys.from_settings(settings)
        self._scripts = registered(client, "admit", "refund")
        self._maintenance = Maintenance(client, settings)
        self._quotas = Quotas.parse(settings.key_quotas)
        self._owners = tuple(settings.key_hashes)

    async def refuse_early(self, owner: str | None, size: int = 0) -> None:
        """Raise QuotaExceeded where not even the shortest recording has room, RecordingExceedsLimit where one
        of so many bytes never has: nothing is uploaded then."""
        quota = self._quotas.of(owner)
        _check_fits(quota, 0, size)
        if owner is None or quota == Quota():
            return
        usage = await self.usage(owner)
        for name in LIMITS:
            amount: Amount = getattr(usage, name)
            if amount.limit is not None and amount.used >= amount.limit:
                raise _exceeded(name, amount.limit, amount.used, amount.resets_in_seconds)

    async def admit(self, task: Task, size: int) -> None:
        """Count a task whose recording has so many bytes. Raises QuotaExceeded, RecordingExceedsLimit.

        A length that is not known counts when the task has ended.
        """
        if task.owner is None:
            return
        quota, windows = self._quotas.of(task.owner), await self._windows()
        audio = int((task.duration or 0) * 1000)
        _check_fits(quota, audio, size)
        async with redis_reachable():
            number, used = await self._scripts["admit"](
                keys=self._names(task.owner, windows),
                args=[task.task_id, audio, size, *_limits(quota), *_ttls(windows)],
            )
        if number == b"OK":
            return
        name = _NAMES.get(int(number), "open_tasks")
        left = {"day": windows.day_left, "month": windows.month_left}.get(name.rpartition("_")[2])
        raise _exceeded(name, getattr(quota, name), int(used) / _unit(name), left)

    async def withdraw(self, task: Task, size: int) -> None:
        """A task that was counted is not accepted after all."""
        if task.owner is not None:
            audio = int((task.duration or 0) * 1000)
            await self._close(task.owner, task.task_id, -audio, -size, -1)

    async def leave(self, owner: str | None, task_id: str) -> None:
        """A task of that key is to be deleted, and is open no more; how long its recording was counts."""
        if owner is not None:
            await self._close(owner, task_id, await self._uncounted_ms(task_id), 0, 0)

    async def settle(self, owner: str) -> int:
        """Look which of a key's tasks have ended; how many are open."""
        async with redis_reachable():
            since = await now_ms(self._client) - ACCEPTANCE_MS
            stored = await self._client.zrange(self._keys.open_tasks(owner), 0, -1, withscores=True)
        found = cast(list[tuple[bytes, float]], stored)
        began = {name.decode(): score for name, score in found}
        standings = await self._maintenance.survey(began)
        ended = [name for name, each in standings.items() if each.stage in (Stage.ENDED, Stage.ANSWERED)]
        unknown = [name for name, each in standings.items() if each.stage is Stage.UNKNOWN]
        for task_id in ended:
            await self._close(owner, task_id, await self._uncounted_ms(task_id), 0, 0)
        gone = [task_id for task_id in unknown if began[task_id] < since]
        for task_id in gone:
            await self._close(owner, task_id, 0, 0, 0)
        return len(began) - len(ended) - len(gone)

    async def settle_when_due(self) -> None:
        """The same for all keys, every SETTLE_SECONDS, by whichever API comes first."""
        if self._owners and await is_turn(self._client, self._keys.settled, SETTLE_SECONDS):
            for owner in self._owners:
                await self.settle(owner)

    async def usage(self, owner: str | None) -> Usage:
        """What a key has used."""
        quota, windows = self._quotas.of(owner), await self._windows()
        open_tasks = await self.settle(owner) if owner is not None else 0
        day, month = await self._counts(owner, windows)

        def amount(name: str, used: float, resets: int | None) -> Amount:
            return Amount(used=round(used, 4), limit=getattr(quota, name), resets_in_seconds=resets)

        return Usage(
            key=owner,
            audio_hours_day=amount("audio_hours_day", day["audio"] / HOUR_MS, windows.day_left),
            audio_hours_month=amount("audio_hours_month", month["audio"] / HOUR_MS, windows.month_left),
            mebibytes_day=amount("mebibytes_day", day["bytes"] / MEBIBYTE, windows.day_left),
            mebibytes_month=amount("mebibytes_month", month["bytes"] / MEBIBYTE, windows.month_left),
            open_tasks=amount("open_tasks", open_tasks, None),
            tasks_day=day["tasks"],
            tasks_month=month["tasks"],
        )

    async def _counts(self, owner: str | None, windows: _Windows) -> list[dict[str, int]]:
        counts = []
        for key in self._names(owner or "", windows)[1:]:
            async with redis_reachable():
                stored = await self._client.hgetall(key) if owner is not None else {}
            counts.append({name: int(stored.get(name.encode(), 0)) for name in ("audio", "bytes", "tasks")})
        return counts

    async def _uncounted_ms(self, task_id: str) -> int:
        """Of a recording whose length was not known, what its result tells; 0 where that was counted."""
        async with redis_reachable():
            payload = await self._client.hget(self._keys.task(task_id), "payload")
            stored = await self._client.get(self._keys.result(task_id))
        try:
            if payload is None or Task.model_validate_json(payload).duration is not None:
                return 0
            result = from_json(stored or b"null")
        except ValueError:
            return 0
        duration = result.get("duration") if isinstance(result, dict) else None
        return int((number_within(duration, 0, LONGEST_SECONDS) or 0) * 1000)

    async def _close(self, owner: str, task_id: str, audio_ms: int, size: int, tasks: int) -> None:
        windows = await self._windows()
        async with redis_reachable():
            await self._scripts["refund"](
                keys=self._names(owner, windows), args=[task_id, audio_ms, size, tasks, *_ttls(windows)]
            )

    async def _windows(self) -> _Windows:
        async with redis_reachable():
            return _Windows.at(await now_ms(self._client))

    def _names(self, owner: str, windows: _Windows) -> list[str]:
        keys = self._keys
        return [keys.open_tasks(owner), keys.usage(owner, windows.day), keys.usage(owner, windows.month)]


def _limits(quota: Quota) -> list[int]:
    """In the order of admit.lua."""
    names = ("open_tasks", *_NAMES.values())
    return [-1 if (each := getattr(quota, name)) is None else int(each * _unit(name)) for name in names]


def _unit(name: str) -> int:
    if name == "open_tasks":
        return 1
    return HOUR_MS if name.startswith(_AUDIO) else MEBIBYTE


def _unit_name(name: str) -> str:
    return "hours of audio" if name.startswith(_AUDIO) else "MiB"


def _ttls(windows: _Windows) -> list[int]:
    return [windows.day_left + KEPT_SECONDS, windows.month_left + KEPT_SECONDS]


def _check_fits(quota: Quota, audio_ms: int, size: int) -> None:
    """Raise RecordingExceedsLimit for what is more than a whole quota: it has no room on any day."""
    for name, most in zip(_NAMES.values(), _limits(quota)[1:], strict=True):
        amount = audio_ms if name.startswith(_AUDIO) else size
        if 0 <= most < amount:
            unit, window = _unit_name(name), name.rpartition("_")[2]
            told = f"The recording has {amount / _unit(name):.4g} {unit}, and your key may send "
            told += f"{getattr(quota, name):g} {unit} a {window}; send it in parts."
            raise RecordingExceedsLimit(told, quota=name)


def _exceeded(name: str, limit: float, used: float, resets: int | None) -> QuotaExceeded:
    if name == "open_tasks":
        told = f"Your key may have {limit:g} unfinished task(s), and has {used:g}; wait until one has ended."
    else:
        window = name.rpartition("_")[2]
        told = (
            f"Your key may send {limit:g} {_unit_name(name)} a {window}, and has sent {used:.4g}: this "
            f"recording has no room; the next {window} (UTC) begins in {span(resets or 0)}."
        )
    return QuotaExceeded(told, retry_after_seconds=resets or OPEN_RETRY_SECONDS, quota=name)
