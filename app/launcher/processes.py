"""The launcher's children: started, watched, started again when they die, and stopped in order."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from app.launcher.guard import Guard
from app.launcher.plan import Program

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 30.0
"""Pause before a child is started again; doubles while it dies young."""

STEADY_SECONDS = 60.0
"""A child that has lived this long was well: its next pause is the first one again."""

POLL_SECONDS = 0.05

HURRY_SECONDS = 5.0
"""Time in which those end that are to end at once."""

TELL_SECONDS = 0.5
"""Pause between two SIGTERM: two at the same moment are one."""

Say = Callable[[str, str], None]
"""Receives a child's name and one line of its output; called from threads."""


class Child:
    """One program, through all its lives."""

    def __init__(self, program: Program, environment: Mapping[str, str], say: Say, guard: Guard) -> None:
        self.program = program
        self.deaths = 0
        self._environment = environment
        self._say = say
        self._guard = guard
        self._process: subprocess.Popen[str] | None = None
        self._started = 0.0
        self._restart_at = 0.0
        self._pause_seconds = FIRST_PAUSE_SECONDS

    @property
    def pid(self) -> int | None:
        """Process id while it runs; it leads a process group of the same number."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Begin a life."""
        self._process = subprocess.Popen(
            self.program.command,
            env=self._environment,
            stdin=subprocess.PIPE,  # its lifeline, see app.core.lifeline
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C reaches the launcher, which stops its children in order
        )
        self._guard.watch("child", self._process.pid)
        self._started = time.monotonic()
        threading.Thread(target=self._read, args=[self._process], daemon=True).start()

    def tick(self) -> None:
        """Notice a death; start again once the pause is over."""
        if self._process is not None and self._process.poll() is not None:
            self._note_death(self._process)
        elif self._process is None and time.monotonic() >= self._restart_at:
            self.start()

    def has_ended(self) -> bool:
        """Whether no process is left."""
        if self._process is not None and self._process.poll() is not None:
            self._let_go(self._process)
        return self._process is None

    def signal(self, number: int) -> None:
        """Send a signal to the whole process group."""
        if self._process is not None and self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a zombie
                os.killpg(self._process.pid, number)

    def _note_death(self, process: subprocess.Popen[str]) -> None:
        self.deaths += 1
        self._let_go(process)
        if time.monotonic() - self._started > STEADY_SECONDS:
            self._pause_seconds = FIRST_PAUSE_SECONDS
        pause = self._pause_seconds
        self._restart_at = time.monotonic() + pause
        self._pause_seconds = min(pause * 2, LONGEST_PAUSE_SECONDS)
        ending = f"signal {-process.returncode}" if process.returncode < 0 else f"status {process.returncode}"
        self._say(self.program.name, f"ended with {ending}; it is started again in {pause:g} s")

    def _let_go(self, process: subprocess.Popen[str]) -> None:
        """That process has ended."""
        self._guard.forget(process.pid)
        self._process = None
        if process.stdin is not None:
            process.stdin.close()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                self._say(self.program.name, line.rstrip("\n"))


def stop_children(
    children: Sequence[Child], hurried: Callable[[], bool], impatient: Callable[[], bool]
) -> None:
    """SIGTERM to all, and again once `hurried` says so: workers then hand their tasks back at once, so that
    these are not charged with an attempt. SIGKILL to each that outlives its time, which is HURRY_SECONDS
    then, and to all once `impatient` says so."""
    started = told = time.monotonic()
    hurried_at: float | None = None
    for child in children:
        child.signal(signal.SIGTERM)
    left = list(children)
    while left := [child for child in left if not child.has_ended()]:
        now = time.monotonic()
        if hurried() and now - told >= TELL_SECONDS:
            hurried_at, told = hurried_at or now, now
            for child in left:
                child.signal(signal.SIGTERM)
        is_late = impatient() or (hurried_at is not None and now - hurried_at > HURRY_SECONDS)
        for child in left:
            if is_late or now - started > child.program.stop_seconds:
                child.signal(signal.SIGKILL)
        time.sleep(POLL_SECONDS)
