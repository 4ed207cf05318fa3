"""What is done again and again, whatever goes wrong once."""

import asyncio
import logging

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from app.core.background import end
from app.worker.chores import chore
from tests.support.serving import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("error", "has_traceback"),
    [(RedisConnectionError("Redis is away."), False), (ValueError("A bug."), True)],
)
async def test_a_chore_goes_on_after_an_error(
    caplog: pytest.LogCaptureFixture, error: Exception, has_traceback: bool
) -> None:
    """What is not expected is logged as the bug that it is."""
    tries, done = 0, asyncio.Event()

    async def action() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise error
        done.set()

    with caplog.at_level(logging.INFO):
        running = chore("Sweeping", 0.0, action)
        await asyncio.wait_for(done.wait(), PATIENCE_SECONDS)
    await end([running])
    assert running.cancelled()
    [told] = [each for each in caplog.records if str(error) in each.getMessage() or each.exc_info]
    assert "Sweeping" in told.getMessage()
    assert bool(told.exc_info) is has_traceback
