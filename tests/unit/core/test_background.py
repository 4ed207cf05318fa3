"""How background tasks end."""

import asyncio

from app.core.background import end


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    lost = 0

    async def deaf_at_first() -> None:
        nonlocal lost
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                lost += 1
                if lost > 1:
                    raise

    tasks = [asyncio.create_task(deaf_at_first()), asyncio.create_task(asyncio.sleep(60))]
    await asyncio.sleep(0)
    await end(tasks)

    assert [task.cancelled() for task in tasks] == [True, True]
    assert lost == 2


async def test_what_has_ended_is_left_alone() -> None:
    task = asyncio.create_task(asyncio.sleep(0))
    await task
    await end([task])
    assert not task.cancelled()
