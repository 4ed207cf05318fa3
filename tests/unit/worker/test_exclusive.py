"""SoloGate: many together, or one alone."""

import asyncio

from app.worker.gate import SoloGate


class Witness:
    """Notes who is inside at the same time."""

    def __init__(self) -> None:
        self.inside: set[str] = set()
        self.seen: list[frozenset[str]] = []

    async def visit(self, gate: SoloGate, name: str, *, alone: bool, turns: int = 3) -> None:
        async with gate.enter(alone=alone):
            self.inside.add(name)
            for _ in range(turns):
                self.seen.append(frozenset(self.inside))
                await asyncio.sleep(0)
            self.inside.remove(name)


async def test_ordinary_tasks_run_together() -> None:
    gate, witness = SoloGate(), Witness()
    await asyncio.gather(*(witness.visit(gate, name, alone=False) for name in "abc"))
    assert frozenset("abc") in witness.seen


async def test_a_suspect_has_no_company() -> None:
    gate, witness = SoloGate(), Witness()
    await asyncio.gather(
        witness.visit(gate, "a", alone=False),
        witness.visit(gate, "suspect", alone=True),
        witness.visit(gate, "b", alone=False),
        witness.visit(gate, "other suspect", alone=True),
    )
    for company in witness.seen:
        if company & {"suspect", "other suspect"}:
            assert len(company) == 1
    assert {name for company in witness.seen for name in company} == {"a", "b", "suspect", "other suspect"}


async def test_a_waiting_suspect_goes_before_newcomers() -> None:
    gate, witness = SoloGate(), Witness()
    first = asyncio.create_task(witness.visit(gate, "first", alone=False, turns=10))
    await asyncio.sleep(0)
    suspect = asyncio.create_task(witness.visit(gate, "suspect", alone=True))
    await asyncio.sleep(0)
    newcomer = asyncio.create_task(witness.visit(gate, "newcomer", alone=False))
    await asyncio.gather(first, suspect, newcomer)
    order = [next(iter(company)) for company in witness.seen if len(company) == 1]
    assert order.index("suspect") < order.index("newcomer")


async def test_a_suspect_that_gives_up_waiting_bars_nobody() -> None:
    gate, witness = SoloGate(), Witness()
    async with gate.enter(alone=False):
        suspect = asyncio.create_task(witness.visit(gate, "suspect", alone=True))
        await asyncio.sleep(0)
        suspect.cancel()
        await asyncio.gather(suspect, return_exceptions=True)
        await witness.visit(gate, "newcomer", alone=False)
    assert witness.seen
