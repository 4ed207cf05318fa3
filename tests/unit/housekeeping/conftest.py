"""The outbox of a queue without an archive, for which ended tasks would wait."""

import pytest

from app.housekeeping.outbox_sweep import OutboxSweep
from app.storage.local import LocalStorage
from tests.support.queue import Queue
from tests.unit.services.conftest import queue, storage

__all__ = ["outbox", "queue", "storage"]


@pytest.fixture
def outbox(queue: Queue, storage: LocalStorage) -> OutboxSweep:
    return OutboxSweep(queue.commands, queue.settings, storage)
