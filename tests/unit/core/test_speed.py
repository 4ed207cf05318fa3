"""Transfers that are too slow to be waited for."""

import pytest

from app.core.speed import SlowestSpeed, SpeedMeter


@pytest.mark.parametrize(
    ("reads", "is_too_slow"),
    [
        ([(1.0, 100)] * 60, False),
        ([(1.0, 99)] * 59, False),
        ([(1.0, 99)] * 60, True),
        ([(59.0, 0), (1.0, 6000)], False),
        ([(0.001, 1_000_000), (60.0, 10)], False),
        ([(60.0, 1_000_000), (60.0, 10)], True),
    ],
    ids=[
        "just",
        "too early to tell",
        "too slow",
        "late, then fast",
        "mean of the minute",
        "each minute anew",
    ],
)
def test_the_mean_of_each_minute_counts(reads: list[tuple[float, int]], is_too_slow: bool) -> None:
    meter = SpeedMeter(SlowestSpeed(100))
    assert any(meter.is_too_slow(seconds, size) for seconds, size in reads) is is_too_slow


def test_no_limit_at_all() -> None:
    meter = SpeedMeter(SlowestSpeed(0))
    assert not meter.is_too_slow(1e6, 0)
