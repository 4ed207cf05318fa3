"""Counters of all workers, on a real Redis."""

from collections.abc import Callable

from app.core.config import Settings
from app.queue.counters import Counters
from tests.support.queue import connected


async def test_workers_of_any_version_count_slots_in_one_place(
    settings_for: Callable[..., Settings],
) -> None:
    """Those of older versions know them as places; an API tells the sum by both names."""
    async with connected(settings_for()) as queue:
        counters = Counters(queue.commands, queue.settings)
        assert await counters.read() == {}

        await counters.add(batch_places=2.5)
        await counters.add(batch_places=1, windows=3)

        assert await counters.read() == {"batch_places": 3.5, "batch_slots": 3.5, "windows": 3.0}
