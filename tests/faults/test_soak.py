"""Short runs of the soak (suite item 20; `make soak` runs the long one) and of the look at the disk."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from redis import Redis

from app.core.config import Settings
from tests.faults.conftest import TRIES
from tests.faults.disk import Load, measure
from tests.faults.soak import soak
from tests.support.processes import ROOT

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


@pytest.mark.parametrize(
    "command",
    [
        ("tests.faults.soak", "--minutes", "0.05", "--tasks", "2", "--workers", "1"),
        ("tests.faults.disk", "--megabytes", "0.01", "--rate", "4", "--seconds", "1", "--keep-seconds", "0"),
    ],
    ids=["soak", "disk"],
)
def test_run_as_a_command_it_leaves_a_queue_in_use_alone(
    settings: Settings, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """Whatever Redis the shell names, for the command and for the workers that it starts."""
    in_use = {"REDIS_URL": f"redis://127.0.0.1:{settings.redis_port}/9", "REDIS_QUEUE_NAME": "in_use"}
    folder = ("--folder", str(tmp_path)) if "tests.faults.disk" in command else ()
    with Redis(port=settings.redis_port, db=9) as client:
        done = subprocess.run(
            [sys.executable, "-m", *command, *folder],
            cwd=ROOT,
            env=os.environ | in_use,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert client.dbsize() == 0
