"""Watchers are killed at any moment: no recording is done twice, none is forgotten."""

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from app.core.config import Settings
from tests.integration.watch_folder.test_watching import SPEECH, finish, seen
from tests.support.api import Service, serving
from tests.support.processes import ROOT
from tests.support.serving import until

pytestmark = pytest.mark.faults

RECORDINGS = 12
KILLS = 4 * int(os.environ.get("FAULT_TRIES", "1"))
MOST_SECONDS = 2.5
"""A process takes a second or so to start."""


def started(service: Service) -> subprocess.Popen[bytes]:
    """A watcher of its own process."""
    settings = service.settings
    environment = dict(os.environ) | {
        "WATCH_DIR": str(settings.watch_dir),
        "WATCH_SECONDS": "0.05",
        "WATCH_SETTLE_SECONDS": "0.05",
        "TRANSCRIBER_URL": service.url,
        "LOG_DIR": str(settings.log_dir),
    }
    command = [sys.executable, "-m", "app.watch_folder"]
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)


def test_each_recording_is_done_once(settings_for: Callable[..., Settings], tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    folder.mkdir()
    done: Counter[str] = Counter()
    with serving(settings_for(default_model="base", watch_dir=folder)) as service:

        def is_complete() -> bool:
            done.update(task.filename or "" for task in finish(service))
            return len(seen(folder)) == 2 * RECORDINGS

        for life in range(KILLS):
            for number in range(life * RECORDINGS // KILLS, (life + 1) * RECORDINGS // KILLS):
                (folder / f"{number}.ogg").write_bytes(SPEECH + bytes([number]))
            with contextlib.closing(_Killed(started(service))):
                deadline = time.monotonic() + random.uniform(0.5, MOST_SECONDS)
                while time.monotonic() < deadline and not is_complete():
                    time.sleep(0.02)
        with contextlib.closing(_Killed(started(service))):
            until(is_complete)
    assert done == Counter({f"{number}.ogg": 1 for number in range(RECORDINGS)})
    assert len(seen(folder)) == 2 * RECORDINGS


class _Killed:
    """A process that ends with SIGKILL."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def close(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
