"""A worker that helps, and what it does after it was called away."""

import asyncio

import pytest

from app.core.config import Settings
from app.core.errors import TaskCancelled
from app.queue.troubles import Troubles
from app.schemas.lending import Offer
from app.schemas.task import Task, TaskFailure
from app.worker.helper import Helper
from app.worker.lending import HelperDesk
from app.worker.messages import Failed
from app.worker.models import ModelWatch
from tests.support.queue import Queue, claim, connected


class Runs:
    """What the engine process does: it begins to help, and is told to stop before the model is loaded."""

    def __init__(self) -> None:
        self.begun = 0
        self.code = TaskCancelled.code

    async def help(self, task: Task, desk: HelperDesk, enough: asyncio.Event) -> Failed:
        self.begun += 1
        await enough.wait()
        return Failed(run_id=1, failure=TaskFailure(code=self.code, message="It stops."), retryable=True)


async def helped(queue: Queue, helper: Helper, runs: Runs) -> int:
    """How often it has begun to help, after one more look and what came of it."""
    await helper.look(lambda: True)
    await asyncio.sleep(0)
    await helper.close(20)
    return runs.begun


async def test_who_was_called_away_comes_back(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(settings) as queue:
        owner, idle = await queue.worker("w1"), await queue.worker("w2")
        await queue.producer.enqueue(Task(task_id="t", file_path="t.wav", model="base"))
        claimed = await claim(owner)
        await owner.lending.offer("t", claimed.token, Offer(plan="plan", saved_plan="saved"))
        runs = Runs()
        models = ModelWatch(settings, "w2", Troubles(queue.commands, settings))
        helper = Helper(settings, idle, runs, models)  # type: ignore[arg-type]
        assert [await helped(queue, helper, runs) for _ in range(2)] == [1, 2]
        assert "cannot help" not in caplog.text
