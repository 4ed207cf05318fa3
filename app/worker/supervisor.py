"""The supervisor: claims tasks, keeps their leases, obeys signals. It holds no model and never blocks."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Coroutine, Sequence
from dataclasses import replace

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.core.background import end
from app.core.backoff import Backoff
from app.core.config import Settings
from app.core.errors import DeviceLost, EngineCrashed, QueueUnavailable
from app.housekeeping.outbox_sweep import OutboxSweep
from app.queue.claims import Claim
from app.queue.clients import check_server
from app.queue.consumer import Consumer
from app.queue.maintenance import Maintenance
from app.queue.outcomes import Lease
from app.queue.probe import check_cluster, check_commands
from app.queue.room import Room
from app.worker.chores import chore
from app.worker.disk import DiskWatch
from app.worker.engine_client import EngineClient
from app.worker.helper import LOOK_SECONDS, Helper
from app.worker.pauses import busy_pause
from app.worker.reporter import Reporter
from app.worker.runner import TaskRunner
from app.worker.running import RunningTasks
from app.worker.settlement import Reason
from app.worker.slots import Place, Slots, slot_sizes

logger = logging.getLogger(__name__)

REDIS_PAUSE_SECONDS, REDIS_LONGEST_PAUSE_SECONDS = 0.5, 5.0
"""Pause before Redis is asked again after it did not answer; doubles each time."""

NEXT_CLAIM_SECONDS = 0.005
"""Pause after a claim, for each task at work: workers with less to do go first."""

DISK_SECONDS = 5.0
"""Time between two looks at the free disk space."""

FOLDER_SECONDS = 0.5
"""Pause of a worker that does not see the recordings."""

GOODBYE_SECONDS = 10.0
"""Time that handing back tasks may take at the end, e.g. with Redis out of reach."""


DEVICE_LOST_TEXT = (
    "Every call on the GPU fails: this worker has handed its tasks back and ends, as only a new process can "
    "use the GPU again. Start it again (Compose, Kubernetes and `make run` do); if it ends so at once, look "
    "at the GPU with nvidia-smi and in the kernel's log."
)


class Supervisor:
    """Works until `stop` is called; then lets running tasks end for DRAIN_SECONDS and hands back the rest.

    Where the GPU is lost it hands back all at once, and `run` raises DeviceLost in the end.
    """

    def __init__(
        self,
        settings: Settings,
        commands: Redis,
        consumer: Consumer,
        maintenance: Maintenance,
        outbox: OutboxSweep,
        engine: EngineClient,
        runner: TaskRunner,
        disk: DiskWatch,
        reporter: Reporter,
        helper: Helper,
    ) -> None:
        self._settings = settings
        self._commands = commands
        self._consumer = consumer
        self._maintenance = maintenance
        self._outbox = outbox
        self._engine = engine
        self._runner = runner
        self._disk = disk
        self._reporter = reporter
        self._helper = helper
        self._running = RunningTasks(runner)
        self._slots = Slots(slot_sizes(settings), settings.short_seconds)
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()
        self._registering = _redis_backoff("Registering at Redis")
        self._claiming = _redis_backoff("Claiming tasks")
        self._starting_engine = Backoff(logger, "Starting the engine process")

    def stop(self) -> None:
        """End soon; called a second time: end now."""
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def run(self) -> None:
        """Work until stopped. Raises DeviceLost where every call on the GPU fails."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self._until_registered()
        await self._disk.look()
        await self._look()
        background = [
            chore("Renewing the lease", self._settings.heartbeat_seconds, self._heartbeat),
            chore("Maintenance", self._settings.maintenance_seconds, self._maintenance.tick),
            chore("Sweeping the outbox", self._settings.maintenance_seconds, self._sweep_outbox),
            chore(
                "Looking for the folder and the models", self._settings.heartbeat_seconds, self._reporter.look
            ),
            chore("Looking at the disk", DISK_SECONDS, self._disk.look),
            chore("Helping", LOOK_SECONDS, lambda: self._helper.look(self._is_idle)),
            asyncio.create_task(self._end_without_device()),
        ]
        try:
            await self._claim_until_stopped()
            await self._running.drain(self._settings.drain_seconds, self._hurry, GOODBYE_SECONDS)
        finally:
            await end(background)
            await self._helper.close(GOODBYE_SECONDS)
            await self._engine.close()
            await self._leave()
            self._reporter.end()
        if self._runner.runs.device_lost.is_set():
            raise DeviceLost(DEVICE_LOST_TEXT)

    async def _end_without_device(self) -> None:
        """End at once where the GPU is lost: no task can be done here, and no time would change that."""
        await self._runner.runs.device_lost.wait()
        self.stop()
        self.stop()

    async def _until_registered(self) -> None:
        """Redis may start later than the worker does, or refuse what the worker needs until it is allowed."""
        while not self._stopping.is_set():
            try:
                await check_server(self._commands)
                await check_cluster(self._commands, self._settings)
                await check_commands(self._commands, self._settings, worker=True)
                await self._consumer.register()
                self._reporter.beat()
                self._registering.succeeded()
                return
            except (RedisError, QueueUnavailable) as error:
                await self._pause(self._registering.failed(error))

    async def _claim_until_stopped(self) -> None:
        while not self._stopping.is_set():
            if not await self._unless_stopping(self._engine_is_up()):
                continue
            if not await self._unless_stopping(self._slots.some_free()):
                continue
            if not self._reporter.sees_folder:
                await self._pause(FOLDER_SECONDS)
                continue
            at_work = self._running.tasks
            room = self._slots.offer(may_fetch=self._disk.has_room)
            room = replace(room, unwanted=self._reporter.unwanted)
            waits = room.is_unlimited and not at_work
            claim = await self._claim(room, waits)
            place = self._slots.accept(claim.task if claim else None)
            if claim is not None and place is not None:
                self._begin(claim, place)
                await self._pause(NEXT_CLAIM_SECONDS * (len(self._running) - 1))
            elif not waits:
                await self._pause_at_work(at_work, busy_pause(self._consumer.workers))

    async def _look(self) -> None:
        """Before the first claim: a worker that does not see the recordings takes none."""
        try:
            await self._reporter.look()
        except QueueUnavailable as error:
            logger.info("Whether UPLOAD_DIR is the queue's folder is looked at later: %s", error)

    async def _sweep_outbox(self) -> None:
        """Not where it may be another service's: what is noted there is not for this queue."""
        await self._reporter.look()
        if self._reporter.sees_folder:
            await self._outbox.sweep_when_due()

    async def _unless_stopping(self, wait: Coroutine[None, None, bool]) -> bool:
        """What `wait` answers, or False where the worker is told to stop meanwhile."""
        waiting = asyncio.create_task(wait)
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([waiting, stopping], return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if waiting.done():
            return waiting.result()
        waiting.cancel()
        await asyncio.wait([waiting])
        return False

    async def _engine_is_up(self) -> bool:
        """A worker whose engine process does not start must not take tasks away from others."""
        try:
            await self._engine.start()
        except (EngineCrashed, OSError) as error:  # OSError: no process or no socket to be had
            self._starting_engine.failed(error)  # the client pauses by itself
            return False
        self._starting_engine.succeeded()
        return True

    async def _claim(self, room: Room, waits: bool) -> Claim | None:
        """The next task that there is room for. Idle workers (`waits`) block in BLMOVE and are served before
        busy ones, which poll."""
        try:
            claim = await self._consumer.claim(room, wait=waits)
        except (RedisError, QueueUnavailable) as error:
            await self._pause(self._claiming.failed(error))
            with contextlib.suppress(RedisError, QueueUnavailable):
                await self._sweep()  # the reply of a claim may have been lost
            return None
        self._claiming.succeeded()
        return claim

    def _is_idle(self) -> bool:
        return not self._running and not self._stopping.is_set() and self._reporter.sees_folder

    def _begin(self, claim: Claim, place: Place) -> None:
        self._helper.leave()
        self._running.begin(claim, place)

    async def _heartbeat(self) -> None:
        claims = self._running.claims
        leases = await self._consumer.heartbeat(claims)
        for task_id, lease in leases.items():
            if lease is not Lease.RUN:
                self._running.take_out(task_id, Reason.LOST if lease is Lease.LOST else Reason.CANCEL)
        self._reporter.beat()
        if not claims:
            await self._sweep()

    async def _sweep(self) -> None:
        await self._consumer.sweep(self._running.ids)

    async def _leave(self) -> None:
        async def leave() -> None:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._consumer.leave()
                await self._reporter.leave()

        try:
            await leave()
        except (RedisError, QueueUnavailable, TimeoutError) as error:
            logger.warning("What this worker holds is handed back when its lease ends (%s)", error)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not longer than until `stop`."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _pause_at_work(self, at_work: Sequence["asyncio.Task[None]"], seconds: float) -> None:
        """The same, and not longer than until one of these has ended: its place, which was not offered yet,
        is offered at once."""
        stopping = asyncio.create_task(self._stopping.wait())
        await asyncio.wait([stopping, *at_work], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()


def _redis_backoff(what: str) -> Backoff:
    return Backoff(
        logger, what, first_seconds=REDIS_PAUSE_SECONDS, longest_seconds=REDIS_LONGEST_PAUSE_SECONDS
    )
