"""Workers that come and go by the work that is left: none is removed from under a recording."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from tests.faults.autoscaling import SCALING, Rules, Scaler, burst


@pytest.mark.faults
async def test_a_burst_from_no_worker_to_none(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    quick = {"poll_seconds": 0.3, "stabilization_seconds": 0.0, "cooldown_seconds": 0.5}
    rules = Rules(target=2.0, most=2, task_seconds=2.0, **quick)
    story = await burst(settings_for(**SCALING), tmp_path, 4, rules)

    assert story.moments[0].work == pytest.approx(4.0)
    assert story.moments[0].wanted == 1
    assert story.most_workers == 2
    assert story.moments[-1].workers == 0
    assert len(story.removed) == 2
    assert story.executions == [1] * 4, "no recording was taken from a worker, busy as it was"
    assert story.attempts_failed == 0


def test_a_worker_that_holds_all_is_not_scaled_away() -> None:
    """As it was by the length of the list, which is empty then."""
    scaler = Scaler(Rules(target=10, most=5, stabilization_seconds=10, cooldown_seconds=20))

    assert scaler.wanted(0, 0, 0) == 0
    assert scaler.wanted(45, 1, 0) == 1
    assert scaler.wanted(45, 2, 1) == 5
    assert scaler.wanted(5, 3, 5) == 5, "not yet: it was more a moment ago"
    assert scaler.wanted(5, 14, 5) == 1
    assert scaler.wanted(0, 20, 1) == 1, "it may not be over"
    assert scaler.wanted(0, 35, 1) == 0
