"""A queue and its storage, without an archive, for which ended tasks would wait."""

from collections.abc import AsyncIterator, Callable

import pytest

from app.core.config import Settings
from app.storage.local import LocalStorage
from tests.support.queue import Queue, connected


@pytest.fixture
async def queue(settings_for: Callable[..., Settings]) -> AsyncIterator[Queue]:
    async with connected(settings_for(archive=False)) as queue:
        yield queue


@pytest.fixture
def storage(queue: Queue) -> LocalStorage:
    return LocalStorage(queue.settings)
