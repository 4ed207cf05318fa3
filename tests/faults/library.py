"""An archive under test: tasks end and are deleted while whoever archives them, or the database, dies."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.archive.archive import Archive
from app.core.config import Settings
from app.core.errors import TaskNotFound
from app.core.stopping import Stopping
from app.queue.eta import EtaEstimator
from app.queue.payload import dump_task
from app.queue.policy import Policy
from app.queue.scripts import Scripts
from app.schemas.caller import Caller
from app.schemas.task import Task
from app.services.archive_service import ArchiveService
from app.services.task_service import TaskService
from tests.faults.harness import QUICK, Service, running_service
from tests.support.processes import ROOT

TASKS = 24
ALICE = Caller("alice")

AT_ONCE = QUICK | {
    "archive": True,
    "keep_ended_seconds": 0.0,
    "maintenance_seconds": 0.05,
    "orphan_upload_seconds": 0.001,
}
"""Settings under which ended tasks are archived at once."""


@dataclass
class Library:
    """A service whose tasks end and are deleted while those who archive them die."""

    service: Service
    archive: Archive
    texts: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)

    @property
    def tasks(self) -> TaskService:
        settings, client, storage = self.service.settings, self.service.client, self.service.storage
        archive = ArchiveService(client, settings, storage, self.archive)
        return TaskService(client, settings, storage, EtaEstimator(client, settings), Stopping(), archive)

    async def end(self, number: int) -> None:
        """A task ends: done by a worker, or by a foreign program that leaves nothing but the result."""
        service, task_id = self.service, str(uuid.uuid4())
        task = Task(task_id=task_id, file_path=f"{task_id}.mp3", owner=ALICE.name)
        text = f'{{"text": "{task_id}"}}'
        if number % 3:
            service.recordings.mkdir(parents=True, exist_ok=True)
            (service.recordings / task.file_path).write_bytes(b"sound")
            service.storage.outbox.save(task)
            service.storage.keep_result(task, text)
            await self._scripts.restore(task_id, dump_task(task), text.encode(), owner=task.owner)
        else:
            await service.client.set(service.keys.result(task_id), text)
        self.texts[task_id] = text

    async def delete(self, task_id: str, *, dies: bool) -> None:
        """An API deletes it; one that `dies` in between has written the tombstone."""
        self.deleted.add(task_id)  # before all that waits: no other deletes it, too
        if dies:
            self.service.storage.discard(Task(task_id=task_id, file_path=f"{task_id}.mp3"))
        else:
            await self.tasks.delete(task_id, ALICE)

    async def some_deletions(self, chance: random.Random) -> None:
        """Of tasks that are archived, and such as are not yet."""
        known = sorted(set(self.texts) - self.deleted)
        if len(self.deleted) < TASKS // 3 and known:
            await self.delete(chance.choice(known), dies=chance.random() < 0.5)

    async def forget(self) -> None:
        """RESULT_TTL_SECONDS are over."""
        for prefix in (self.service.keys.queue, self.service.keys.result_prefix):
            async for key in self.service.client.scan_iter(f"{prefix}*"):
                await self.service.client.delete(key)

    async def check(self) -> None:
        """0 lost, 0 double, 0 orphans; and what was deleted is gone."""
        kept = set(self.texts) - self.deleted
        listed = [task.task_id for task in self.archive.page(None, None, 10 * TASKS)]
        assert sorted(listed) == sorted(kept)
        for task_id in kept:
            found = self.archive.read(task_id)
            assert found is not None
            assert found.result.decode() == self.texts[task_id]
            assert (await self.tasks.state(task_id, ALICE)).result == {"text": task_id}
        for task_id in self.deleted:
            with pytest.raises(TaskNotFound):
                await self.tasks.state(task_id, ALICE)
        await self.check_folder()

    async def check_folder(self) -> None:
        """No orphans, once what housekeeping removes at an age is that old."""
        self.service.storage.outbox.remove_parts(older_than_seconds=0)
        for _ in range(2):  # in a bucket at the second look
            await self.service.outbox.remove_orphans()
        assert self.service.files() == []

    @property
    def _scripts(self) -> Scripts:
        settings = self.service.settings
        return Scripts(self.service.client, self.service.keys, Policy.from_settings(settings))


@contextlib.asynccontextmanager
async def running_library(settings: Settings, folder: Path) -> AsyncIterator[Library]:
    """A service without processes yet, and its archive."""
    async with running_service(settings, folder) as service:
        archive = Archive.from_settings(settings)
        yield Library(service, archive)
        archive.close()


@contextlib.contextmanager
def archivers(service: Service) -> "Iterator[subprocess.Popen[str]]":
    """A process that archives, in one life after the other."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.archivers"],
        cwd=ROOT,
        env=service.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # and whom it has forked
        process.communicate()


def ask(process: "subprocess.Popen[str]", line: str) -> str:
    """Have an archiver live as the line says; how its life ended."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line)
    process.stdin.flush()
    return process.stdout.readline().strip()


async def settle(library: Library) -> None:
    """What was deleted at the very end is seen by one who is not killed."""
    with archivers(library.service) as process:
        assert await asyncio.to_thread(ask, process, "1000000 0\n") == "idle"


async def is_swept(library: Library) -> bool:
    """A recording may have lost its note to a kill: it stays for as long as Redis knows its task."""
    listing = library.service.storage.outbox.listing()
    return not (listing.notes or listing.results or listing.tombstones)
