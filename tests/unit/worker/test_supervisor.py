"""How often a worker that is at work looks for more."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.config import Settings
from app.queue.claims import Claim
from app.queue.room import Room
from app.schemas.task import Task
from app.worker import supervisor as under_test
from app.worker.pauses import BUSY_CLAIM_SECONDS, LONGEST_BUSY_CLAIM_SECONDS, busy_pause
from app.worker.supervisor import Supervisor


@pytest.mark.parametrize(
    ("workers", "seconds"), [(0, 0.1), (1, 0.1), (10, 0.1), (50, 0.5), (100, 1.0), (1000, 1.0)]
)
def test_many_workers_share_the_looks_of_a_few(workers: int, seconds: float) -> None:
    assert busy_pause(workers) == pytest.approx(seconds)
    assert BUSY_CLAIM_SECONDS <= busy_pause(workers) <= LONGEST_BUSY_CLAIM_SECONDS


class Line:
    """A consumer: one task, which ends while the next one is looked for; then the worker is told to stop."""

    def __init__(self) -> None:
        self.workers = 1
        self.looks = 0
        self.may_end, self.ended = asyncio.Event(), asyncio.Event()
        self.supervisor: Supervisor | None = None

    async def claim(self, room: Room, *, wait: bool) -> Claim | None:
        self.looks += 1
        if self.looks == 1:
            return Claim(Task(task_id="t", file_path="t.wav"), b"", "token", 1, 3, 0, 0)
        if self.looks == 2:
            self.may_end.set()
            await self.ended.wait()
            await asyncio.sleep(0.01)
            assert not wait
        else:
            assert wait, "nothing is at work, and it need not ask again and again"
            assert self.supervisor is not None
            self.supervisor.stop()
        return None

    async def run(self, claim: Claim, place: object) -> None:
        await self.may_end.wait()
        self.ended.set()


async def test_a_place_that_gets_free_during_a_look_is_offered_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(under_test, "busy_pause", lambda _: 3600.0)
    line = Line()

    async def start() -> None:
        return

    parts: dict[str, Any] = {
        "consumer": line,
        "runner": line,
        "engine": SimpleNamespace(start=start),
        "disk": SimpleNamespace(has_room=True),
        "reporter": SimpleNamespace(sees_folder=True, unwanted=frozenset()),
        "helper": SimpleNamespace(leave=lambda: None),
        **dict.fromkeys(("commands", "maintenance", "outbox")),
    }
    line.supervisor = Supervisor(Settings(), **parts)

    async with asyncio.timeout(20):
        await line.supervisor._claim_until_stopped()

    assert line.looks == 3
