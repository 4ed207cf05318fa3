"""A queue, its outbox and an archive, in each of the databases."""

from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from app.archive.archive import Archive
from app.core.config import Settings
from app.core.stopping import Stopping
from app.housekeeping.outbox_sweep import OutboxSweep
from app.queue.eta import EtaEstimator
from app.services.archive_service import ArchiveService
from app.services.task_service import TaskService
from app.storage.local import LocalStorage
from tests.support.queue import Queue, connected


@pytest.fixture
async def queue(archive_settings: Callable[..., Settings]) -> AsyncIterator[Queue]:
    async with connected(archive_settings(archive_max_mb=1)) as queue:
        yield queue


@pytest.fixture
def archive(queue: Queue) -> Iterator[Archive]:
    opened = Archive.from_settings(queue.settings)
    yield opened
    opened.close()


@pytest.fixture
def service(queue: Queue, storage: LocalStorage, archive: Archive) -> ArchiveService:
    return ArchiveService(queue.commands, queue.settings, storage, archive)


@pytest.fixture
def outbox(queue: Queue, storage: LocalStorage, service: ArchiveService) -> OutboxSweep:
    """That of an API."""
    return OutboxSweep(queue.commands, queue.settings, storage, service)


@pytest.fixture
def tasks(queue: Queue, storage: LocalStorage, service: ArchiveService) -> TaskService:
    eta = EtaEstimator(queue.commands, queue.settings)
    return TaskService(queue.commands, queue.settings, storage, eta, Stopping(), service)
