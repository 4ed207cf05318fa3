"""SharedExclusiveLock: many together, or one alone."""

import asyncio

from app.worker.exclusive import SharedExclusiveLock
from tests.support.serving import PATIENCE_SECONDS


class Witness:
    """Notes who holds the lock at the same time."""

    def __init__(self) -> None:
        self.lock = SharedExclusiveLock()
        self.inside: set[str] = set()
        self.seen: list[frozenset[str]] = []

    async def shared(self, name: str, turns: int = 3) -> None:
        async with self.lock.shared():
            await self._stay(name, turns)

    async def exclusive(self, name: str) -> None:
        async with self.lock.exclusive():
            await self._stay(name, 3)

    async def _stay(self, name: str, turns: int) -> None:
        self.inside.add(name)
        for _ in range(turns):
            self.seen.append(frozenset(self.inside))
            await asyncio.sleep(0)
        self.inside.remove(name)


async def test_ordinary_tasks_run_together() -> None:
    witness = Witness()
    await asyncio.gather(*map(witness.shared, "abc"))
    assert frozenset("abc") in witness.seen


async def test_a_suspect_has_no_company() -> None:
    witness = Witness()
    await asyncio.gather(
        witness.shared("a"),
        witness.exclusive("suspect"),
        witness.shared("b"),
        witness.exclusive("other suspect"),
    )
    for company in witness.seen:
        if company & {"suspect", "other suspect"}:
            assert len(company) == 1
    assert {name for company in witness.seen for name in company} == {"a", "b", "suspect", "other suspect"}


async def test_a_waiting_suspect_goes_before_newcomers() -> None:
    witness = Witness()
    first = asyncio.create_task(witness.shared("first", turns=10))
    await asyncio.sleep(0)
    suspect = asyncio.create_task(witness.exclusive("suspect"))
    await asyncio.sleep(0)
    newcomer = asyncio.create_task(witness.shared("newcomer"))
    await asyncio.gather(first, suspect, newcomer)
    order = [next(iter(company)) for company in witness.seen if len(company) == 1]
    assert order.index("suspect") < order.index("newcomer")


async def test_a_suspect_that_gives_up_waiting_bars_nobody() -> None:
    """Neither who comes later nor who waits behind it already, though the first one still runs."""
    witness = Witness()
    async with asyncio.timeout(PATIENCE_SECONDS), witness.lock.shared():
        suspect = asyncio.create_task(witness.exclusive("suspect"))
        await asyncio.sleep(0)
        behind = asyncio.create_task(witness.shared("behind"))
        await asyncio.sleep(0)
        suspect.cancel()
        await asyncio.gather(suspect, return_exceptions=True)
        await behind
        await witness.shared("newcomer")
    assert {name for company in witness.seen for name in company} == {"behind", "newcomer"}
