"""Short runs of the soak (suite item 20; `make soak` runs the long one) and of the look at the disk."""

from pathlib import Path

import pytest

from tests.faults.conftest import TRIES
from tests.faults.disk import Load, measure
from tests.faults.soak import soak

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("forgetful", [True] if TRIES == 1 else [False, True])
async def test_short_soak(tmp_path: Path, forgetful: bool) -> None:
    report = await soak(tmp_path, minutes=0.3, tasks=100, workers=2, seed=7, forgetful=forgetful)
    assert report.tasks == 100
    assert report.lost == 0
    assert report.wrong_or_double == 0
    assert (report.files_left, report.keys_left) == (0, 0)
    assert report.worker_kills + report.engine_kills + report.redis_kills > 0


async def test_a_short_look_at_the_disk(tmp_path: Path) -> None:
    report = await measure(tmp_path, Load(0.1, 20, 3), keep_seconds=1, min_free_mb=0)
    assert (report.accepted, report.refused, report.lost) == (60, 0, 0)
    assert 0 < report.most_mib <= 0.1 * 60 + 1
    assert report.mib_left == 0
