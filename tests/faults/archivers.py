"""Processes that archive until they are killed: `python -m tests.faults.archivers`.

Each line of the input, `STEPS MILLISECONDS`, is the life of one: it is killed (SIGKILL) so long after its
so manieth step, which lies anywhere between two writes. The answer is `killed`, or `idle` where it ended by
itself, since nothing was left to do. With `stop` for the milliseconds it stands still at that step instead,
and `stopped PID` is said before its end. They are forked, so that fifty lives take no longer than one start.
"""

import asyncio
import functools
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from app.archive.archive import Archive
from app.core.config import Settings
from app.housekeeping.outbox_sweep import OutboxSweep
from app.queue.clients import command_client
from app.services.archive_service import ArchiveService
from app.storage.bucket.outbox import BucketOutbox
from app.storage.keeping import TaskKeeping
from app.storage.opening import open_storage
from app.storage.outbox import LocalOutbox

STEPS: tuple[tuple[type, str], ...] = (
    (Archive, "keep"),
    (Archive, "remove"),
    (TaskKeeping, "finish"),
    *((outbox, name) for outbox in (LocalOutbox, BucketOutbox) for name in ("remove", "remove_tombstone")),
)
"""Before and after each of these is a step."""


def main() -> None:
    """One life for each line."""
    for line in sys.stdin:
        steps, moment = line.split()
        _say(_life(int(steps), None if moment == "stop" else float(moment) / 1000))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _life(steps: int, seconds: float | None) -> str:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _count_steps(steps, writing, stops=seconds is None)
        asyncio.run(_archive_all(Settings()))
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as told:  # noqa: PTH123
        if told.read(1):
            _end(pid, seconds)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return "killed"
    return "idle" if os.waitstatus_to_exitcode(status) == 0 else "failed"


def _end(pid: int, seconds: float | None) -> None:
    """It has come to the step."""
    if seconds is None:
        os.waitpid(pid, os.WUNTRACED)
        _say(f"stopped {pid}")
    else:
        time.sleep(seconds)
        os.kill(pid, signal.SIGKILL)


async def _archive_all(settings: Settings) -> None:
    """What the housekeeping of an API does, until there is nothing left."""
    client, storage = command_client(settings), open_storage(settings)
    service = ArchiveService(client, settings, storage, Archive.from_settings(settings))
    outbox = OutboxSweep(client, settings, storage, service)
    while True:
        await outbox.sweep()
        collected = await service.collect()
        listing = storage.outbox.listing()
        if not (collected or listing.notes or listing.results or listing.tombstones):
            return


def _count_steps(steps: int, pipe: int, *, stops: bool) -> None:
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.write(pipe, b"!")
            if stops:
                # To this thread: it goes no further, as it might with a signal that another one takes.
                signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(call)
        def run(*args: Any, **kwargs: Any) -> Any:
            step()
            try:
                return call(*args, **kwargs)
            finally:
                step()

        return run

    for owner, name in STEPS:
        setattr(owner, name, counted(getattr(owner, name)))


if __name__ == "__main__":
    main()
