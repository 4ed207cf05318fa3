"""Nothing outlives a killed launcher."""

import os
import signal
import subprocess
import sys

import psutil

from app.launcher.guard import end_groups, read_left_behind

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("up", flush=True)
time.sleep(600)
"""

LAUNCHER = """
import os, subprocess, sys, time
from app.launcher.guard import Guard
lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
guard = Guard(lock)
sleep = [sys.executable, "-c", "import time; time.sleep(600)"]
pids = {}
for kind in ("child", "redis", "forgotten"):
    pids[kind] = subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.DEVNULL).pid
    guard.watch("child" if kind == "forgotten" else kind, pids[kind])
guard.forget(pids["forgotten"])
print(*pids.values(), guard._process.pid, flush=True)
time.sleep(600)
"""


def test_what_is_left_behind() -> None:
    lines = ["child 10\n", "redis 11\n", "child 12\n", "gone 10\n", "child 13\n", "gone 99\n"]
    assert read_left_behind(lines) == {11: "redis", 12: "child", 13: "child"}


def test_a_group_that_ignores_sigterm_is_killed() -> None:
    command = [sys.executable, "-c", STUBBORN]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        end_groups([process.pid], 0.3)
        assert process.wait() == -signal.SIGKILL


def test_groups_that_are_gone_do_no_harm() -> None:
    with subprocess.Popen([sys.executable, "-c", "pass"], start_new_session=True) as process:
        process.wait()
    end_groups([process.pid], 5)


def test_a_killed_launchers_children_end(tmp_path: os.PathLike[str]) -> None:
    command = [sys.executable, "-c", LAUNCHER, str(tmp_path) + "/lock"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None
        child, redis, forgotten, guard = (
            psutil.Process(int(pid)) for pid in launcher.stdout.readline().split()
        )
        launcher.kill()
    _, alive = psutil.wait_procs([child, redis, guard], timeout=60)
    assert not [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
    assert forgotten.is_running()
    forgotten.kill()
