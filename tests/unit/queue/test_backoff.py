"""Delays before another attempt."""

import random

from hypothesis import given
from hypothesis import strategies as st

from app.core.config import Settings
from app.queue.consumer import backoff_seconds

SETTINGS = Settings(retry_backoff_seconds=5, retry_backoff_max_seconds=600)


class Highest(random.Random):
    """Always the upper end."""

    def uniform(self, a: float, b: float) -> float:
        return b


def test_the_ceiling_doubles_up_to_the_longest() -> None:
    ceilings = [backoff_seconds(attempt, SETTINGS, Highest()) for attempt in (1, 2, 3, 8, 10**6)]
    assert ceilings == [5, 10, 20, 600, 600]


@given(attempt=st.integers(1, 10**6), seed=st.integers())
def test_every_delay_lies_below_the_ceiling(attempt: int, seed: int) -> None:
    delay = backoff_seconds(attempt, SETTINGS, random.Random(seed))
    assert 0 <= delay <= backoff_seconds(attempt, SETTINGS, Highest())


def test_delays_are_spread() -> None:
    source = random.Random(1)
    assert len({backoff_seconds(3, SETTINGS, source) for _ in range(100)}) == 100
