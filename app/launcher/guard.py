"""The guard: ends what a killed launcher leaves behind.

The launcher may die without a word (kill -9, out of memory). Its children run in sessions of their own, so
they would live on, hold the port and write the append-only file. The guard reads the launcher's pipe:
`child PID` and `redis PID` announce a process, `gone PID` takes it back, and the end of the pipe is the end
of the launcher. It also inherits the lock on DATA_DIR, so that the next run waits until it has finished.
Where the guard is killed too, the children end by themselves (app.core.lifeline); the next run stops Redis.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import IO

CHILD_SECONDS = 5.0
"""A task that is cut off here is taken up again from the queue, so there is no reason to wait long."""

REDIS_SECONDS = 15.0


class Guard:
    """The launcher's side of the pipe."""

    def __init__(self, lock: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app.launcher.guard"],
            stdin=subprocess.PIPE,
            pass_fds=[lock],
            start_new_session=True,
        )

    def watch(self, kind: str, pid: int) -> None:
        """`kind` is `child` or `redis`."""
        self._tell(f"{kind} {pid}\n")

    def forget(self, pid: int) -> None:
        """That process has ended."""
        self._tell(f"gone {pid}\n")

    def close(self) -> None:
        """The launcher ends in good order."""
        with contextlib.suppress(BrokenPipeError):
            self._pipe.close()
        self._process.wait()

    @property
    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _tell(self, line: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # without its guard the launcher still does its work
            self._pipe.write(line.encode())
            self._pipe.flush()


def read_left_behind(lines: Iterable[str]) -> dict[int, str]:
    """Process ids that were announced and not taken back, with their kind."""
    alive: dict[int, str] = {}
    for line in lines:
        kind, _, pid = line.strip().partition(" ")
        if kind == "gone":
            alive.pop(int(pid), None)
        else:
            alive[int(pid)] = kind
    return alive


def end_groups(pids: list[int], seconds: float) -> None:
    """SIGTERM to the process groups; SIGKILL to those that are there after `seconds`."""
    _signal_groups(pids, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while _signal_groups(pids, 0) and time.monotonic() < deadline:
        time.sleep(0.1)
    _signal_groups(pids, signal.SIGKILL)


def _signal_groups(pids: list[int], number: int) -> bool:
    """Whether any of the groups was there."""
    found = False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
            found = True
    return found


def main() -> None:
    """Wait for the launcher's end; then its children first, Redis last."""
    left = read_left_behind(sys.stdin)
    end_groups([pid for pid, kind in left.items() if kind == "child"], CHILD_SECONDS)
    end_groups([pid for pid, kind in left.items() if kind == "redis"], REDIS_SECONDS)


if __name__ == "__main__":
    main()
