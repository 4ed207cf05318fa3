"""How often a worker that is at work looks for more."""

import pytest

from app.worker.supervisor import BUSY_CLAIM_SECONDS, LONGEST_BUSY_CLAIM_SECONDS, busy_pause


@pytest.mark.parametrize(
    ("workers", "seconds"), [(0, 0.1), (1, 0.1), (10, 0.1), (50, 0.5), (100, 1.0), (1000, 1.0)]
)
def test_many_workers_share_the_looks_of_a_few(workers: int, seconds: float) -> None:
    assert busy_pause(workers) == pytest.approx(seconds)
    assert BUSY_CLAIM_SECONDS <= busy_pause(workers) <= LONGEST_BUSY_CLAIM_SECONDS
