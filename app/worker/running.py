"""The tasks that a worker has at work: begun, taken out, and ended before the worker does."""

import asyncio
import logging
from collections.abc import KeysView, Sequence

from app.queue.claims import Claim
from app.worker.runner import TaskRunner
from app.worker.settlement import Reason
from app.worker.slots import Place

logger = logging.getLogger(__name__)


class RunningTasks:
    """Runs each claim in a task of the event loop; not thread-safe."""

    def __init__(self, runner: TaskRunner) -> None:
        self._runner = runner
        self._running: dict[str, tuple[Claim, asyncio.Task[None]]] = {}

    def __len__(self) -> int:
        return len(self._running)

    @property
    def claims(self) -> list[Claim]:
        """What is at work."""
        return [claim for claim, _ in self._running.values()]

    @property
    def ids(self) -> KeysView[str]:
        """Task ids of what is at work: a view, in which who waits for Redis sees what has begun since."""
        return self._running.keys()

    @property
    def tasks(self) -> "Sequence[asyncio.Task[None]]":
        """What ends when a claim has."""
        return [task for _, task in self._running.values()]

    def begin(self, claim: Claim, place: Place) -> None:
        """See the claim through; `place` is left in the end."""
        task = asyncio.create_task(self._run(claim, place), name=claim.task.task_id)
        self._running[claim.task.task_id] = (claim, task)

    def take_out(self, task_id: str, reason: Reason) -> None:
        """Stop work at a task, unless it is being settled already."""
        if task_id in self._running and not self._runner.settles(task_id):
            self._running[task_id][1].cancel(reason)

    async def drain(self, seconds: float, hurry: asyncio.Event, goodbye_seconds: float) -> None:
        """Let what is at work end, until `seconds` have passed or `hurry` is set; then hand the rest back,
        which may take `goodbye_seconds`."""
        tasks = self.tasks
        if not tasks:
            return
        logger.info("Stopping; %d task(s) get %.0f s to end", len(tasks), seconds)
        try:
            async with asyncio.timeout(seconds):
                await _all_ended_or(hurry, tasks)
        except TimeoutError:
            logger.info("Time is up; handing back what still runs")
        for task_id in list(self.ids):
            self.take_out(task_id, Reason.RELEASE)
        await asyncio.wait(tasks, timeout=goodbye_seconds)

    async def _run(self, claim: Claim, place: Place) -> None:
        try:
            await self._runner.run(claim, place)
        except Exception:
            logger.exception("Task %s could not be settled; its lease will end", claim.task.task_id)
        finally:
            at_work = self._running.get(claim.task.task_id)
            if at_work is not None and at_work[0] is claim:  # else it was lost, and claimed here once more
                del self._running[claim.task.task_id]
            place.leave()


async def _all_ended_or(hurry: asyncio.Event, tasks: "Sequence[asyncio.Task[None]]") -> None:
    hurrying = asyncio.create_task(hurry.wait())
    try:
        while not hurrying.done() and (left := [task for task in tasks if not task.done()]):
            await asyncio.wait([hurrying, *left], return_when=asyncio.FIRST_COMPLETED)
    finally:
        hurrying.cancel()
