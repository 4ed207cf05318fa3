"""A short soak (suite item 20); `make soak` runs the long one."""

from pathlib import Path

import pytest

from tests.faults.soak import soak

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("forgetful", [False, True])
async def test_short_soak(tmp_path: Path, forgetful: bool) -> None:
    report = await soak(tmp_path, minutes=0.3, tasks=100, workers=2, seed=7, forgetful=forgetful)
    assert report.tasks == 100
    assert report.lost == 0
    assert report.wrong_or_double == 0
    assert (report.files_left, report.keys_left) == (0, 0)
    assert report.worker_kills + report.engine_kills + report.redis_kills > 0
