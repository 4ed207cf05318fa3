"""Questions that are asked together."""

import asyncio
from collections.abc import Sequence

import pytest

from app.queue.coalescing import Coalescer


class Oracle:
    """Doubles numbers, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    async def ask(self, keys: Sequence[int]) -> list[int]:
        self.asked.append(list(keys))
        await asyncio.sleep(0)
        if 13 in keys:
            raise ValueError("no")
        return [2 * key for key in keys]


async def test_what_comes_at_the_same_time_is_asked_once() -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle.ask)
    answers = await asyncio.gather(*(coalescer.get(number % 3) for number in range(9)))

    assert answers == [0, 2, 4] * 3
    assert oracle.asked == [[0, 1, 2]]
    assert await coalescer.get(5) == 10


async def test_there_is_a_most_of_keys_at_once() -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle.ask, most=2)
    assert await asyncio.gather(*(coalescer.get(number) for number in range(5))) == [0, 2, 4, 6, 8]
    assert [len(keys) for keys in oracle.asked] == [2, 2, 1]


async def test_a_failure_is_of_those_who_asked_then() -> None:
    coalescer = Coalescer(Oracle().ask)
    failed = await asyncio.gather(coalescer.get(13), coalescer.get(1), return_exceptions=True)

    assert [type(each) for each in failed] == [ValueError, ValueError]
    assert await coalescer.get(1) == 2
    with pytest.raises(ValueError, match="no"):
        await coalescer.get(13)


async def test_who_goes_away_spoils_nothing_for_others() -> None:
    coalescer = Coalescer(Oracle().ask)
    leaving = asyncio.create_task(coalescer.get(1))
    staying = asyncio.create_task(coalescer.get(1))
    await asyncio.sleep(0)
    leaving.cancel()

    assert await staying == 2
    assert leaving.cancelled()
