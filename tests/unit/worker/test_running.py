"""Tasks at work: begun, taken out, drained."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from app.queue.claims import Claim
from app.schemas.task import Task
from app.worker.running import RunningTasks
from app.worker.settlement import Reason
from tests.support.serving import PATIENCE_SECONDS


class Runner:
    """Works until it is told, or taken out; `settling` are tasks whose answer is there."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.settling: set[str] = set()
        self.reasons: dict[str, Reason] = {}

    def settles(self, task_id: str) -> bool:
        return task_id in self.settling

    async def run(self, claim: Claim, place: object) -> None:
        if claim.task.task_id == "broken":
            raise RuntimeError("A bug.")
        try:
            await self.may_end.wait()
        except asyncio.CancelledError as cancelled:
            self.reasons[claim.task.task_id] = Reason(str(cancelled))


class Work:
    """The tasks, and who has left their place."""

    def __init__(self) -> None:
        self.runner = Runner()
        self.running = RunningTasks(self.runner)  # type: ignore[arg-type]
        self.left: list[str] = []

    def begin(self, task_id: str) -> None:
        place: Any = SimpleNamespace(leave=lambda: self.left.append(task_id))
        task = Task(task_id=task_id, file_path=f"{task_id}.wav")
        self.running.begin(Claim(task, b"", "token", 1, 3, 0, 0), place)

    async def drain(self, seconds: float, hurry: asyncio.Event) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.running.drain(seconds, hurry, PATIENCE_SECONDS)


@pytest.fixture
async def work() -> Work:
    return Work()


async def test_each_leaves_its_place_whatever_happens(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    seen = work.running.ids
    work.begin("broken")
    work.begin("a")
    assert (set(seen), len(work.running)) == ({"broken", "a"}, 2), "the ids are a view"
    await asyncio.wait(work.running.tasks, return_when=asyncio.FIRST_COMPLETED)
    assert (work.left, [claim.task.task_id for claim in work.running.claims]) == (["broken"], ["a"])
    assert "could not be settled" in caplog.text
    work.runner.may_end.set()
    await work.drain(PATIENCE_SECONDS, asyncio.Event())
    assert (work.left, len(work.running)) == (["broken", "a"], 0)


async def test_a_task_that_was_lost_and_claimed_again_stays_at_work(work: Work) -> None:
    """Its first claim may end after the second has begun."""
    work.begin("a")
    await asyncio.sleep(0)
    (first,) = work.running.tasks
    work.running.take_out("a", Reason.LOST)
    work.begin("a")
    await asyncio.wait([first])
    assert (work.left, set(work.running.ids)) == (["a"], {"a"})
    work.runner.may_end.set()
    await work.drain(PATIENCE_SECONDS, asyncio.Event())
    assert (work.left, len(work.running)) == (["a", "a"], 0)


async def test_what_is_being_settled_is_not_taken_out(work: Work) -> None:
    work.begin("a")
    work.begin("settling")
    work.runner.settling.add("settling")
    await asyncio.sleep(0)
    for task_id in ("a", "settling", "unknown"):
        work.running.take_out(task_id, Reason.LOST)
    await asyncio.wait(work.running.tasks, return_when=asyncio.FIRST_COMPLETED)
    assert work.runner.reasons == {"a": Reason.LOST}
    assert set(work.running.ids) == {"settling"}
    work.runner.may_end.set()
    await work.drain(PATIENCE_SECONDS, asyncio.Event())


@pytest.mark.parametrize("hurries", [False, True])
async def test_the_rest_is_handed_back_when_time_is_up_or_there_is_a_hurry(work: Work, hurries: bool) -> None:
    hurry = asyncio.Event()
    work.begin("a")
    work.begin("b")
    await asyncio.sleep(0)
    draining = asyncio.create_task(work.drain(PATIENCE_SECONDS if hurries else 0.05, hurry))
    await asyncio.sleep(0)
    assert work.runner.reasons == {}
    if hurries:
        hurry.set()
    await draining
    assert work.runner.reasons == {"a": Reason.RELEASE, "b": Reason.RELEASE}
    assert sorted(work.left) == ["a", "b"]


async def test_what_ends_in_time_is_not_handed_back(work: Work) -> None:
    work.begin("a")
    draining = asyncio.create_task(work.drain(PATIENCE_SECONDS, asyncio.Event()))
    await asyncio.sleep(0)
    work.runner.may_end.set()
    await draining
    assert (work.runner.reasons, work.left) == ({}, ["a"])
