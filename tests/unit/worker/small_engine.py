"""`small_engine.py FD`: speaks the engine process's protocol, and does what a recording's name says.

It imports nothing of the project: it starts at once, and knows of the protocol what stands here.
"""

import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, TextIO

WINDOW = {
    "plan": "p",
    "window": {"number": 0, "start": 0.0, "end": 2.5, "segments": [], "language": "en"},
    "covered": 2.5,
}


class SmallEngine:
    """Answers each run at once, later, or never; `failed` with what it wants to tell as the message."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines
        self._open: dict[int, str] = {}
        self._aborted: list[int] = []
        self._is_first_life = _first_life()

    def obey(self, message: dict[str, Any]) -> None:
        """Do what a message of the supervisor asks for."""
        run_id = message["run_id"]
        if message["kind"] == "abort":
            self._abort(run_id)
        elif message["kind"] in ("offered", "given", "lent"):
            self.fail(run_id, "told", json.dumps(message))
        else:
            self._open[run_id] = Path(message["task"]["file_path"]).stem
            self._begin(run_id, self._open[run_id])

    def say(self, kind: str, **values: object) -> None:
        """Send a message."""
        self._lines.write(json.dumps({"kind": kind, **values}) + "\n")
        self._lines.flush()

    def fail(self, run_id: int, code: str, message: str = "") -> None:
        """The end of a run."""
        self._open.pop(run_id, None)
        failure = {"code": code, "message": message}
        self.say("failed", run_id=run_id, failure=failure, retryable=False)

    def _abort(self, run_id: int) -> None:
        self._aborted.append(run_id)
        if self._open.pop(run_id, "") == "help":
            self.say("helped", run_id=run_id)
        else:
            self.fail(run_id, "cancelled")

    def _begin(self, run_id: int, name: str) -> None:
        if name.startswith("loading"):
            self.say("alive", run_id=run_id, stage="loading")
        elif not name.startswith("reading"):
            self.say("alive", run_id=run_id, stage="loaded")
        getattr(self, f"_do_{name.partition('-')[2] or name}")(run_id)

    def _do_pid(self, run_id: int) -> None:
        self.fail(run_id, "pid", str(os.getpid()))

    def _do_aborts(self, run_id: int) -> None:
        self.fail(run_id, "aborts", json.dumps(self._aborted))

    def _do_done(self, run_id: int) -> None:
        self.say("finished", run_id=run_id, transcript=json.loads(os.environ["SMALL_ENGINE_TRANSCRIPT"]))

    def _do_fetched(self, run_id: int) -> None:
        self.say("fetched", run_id=run_id, duration=2.5)

    def _do_never(self, run_id: int) -> None:
        """Wait until it is aborted."""

    _do_help = _do_never

    def _do_window(self, run_id: int) -> None:
        """Finish a window, then wait until it is aborted."""
        self.say("window", run_id=run_id, done=WINDOW)

    def _do_question(self, run_id: int) -> None:
        self.say("offering", run_id=run_id, offer={"plan": "l", "saved_plan": "p"})

    def _do_device(self, run_id: int) -> None:
        """The GPU is lost, for all."""
        for each in list(self._open):
            self.fail(each, "device_lost", "The GPU is lost.")

    def _do_last(self, run_id: int) -> None:
        """Answer all, the latest first."""
        for each, name in sorted(self._open.items(), reverse=True):
            self.fail(each, "told", name)

    def _do_killed(self, _: int) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def _do_exit(self, _: int) -> None:
        os._exit(69)

    def _do_stopped(self, _: int) -> None:
        """Hang so that nothing but SIGKILL or SIGCONT has an effect."""
        os.kill(os.getpid(), signal.SIGSTOP)

    def _do_garbage(self, _: int) -> None:
        self._lines.write("no message at all\n")
        self._lines.flush()

    def _do_half(self, _: int) -> None:
        """Die in the middle of a line."""
        self._lines.write('{"kind": "fin')
        self._lines.flush()
        os._exit(3)

    def _do_fatal(self, run_id: int) -> None:
        """Die beside another run; in a later life, alone."""
        if len(self._open) > 1 or not self._is_first_life:
            os._exit(3)

    def _do_innocent(self, run_id: int) -> None:
        """Work on until another run kills the process, and end in a later life."""
        if "fatal" in self._open.values():
            os._exit(3)
        if not self._is_first_life:
            self._do_pid(run_id)


def _first_life() -> bool:
    mark = os.environ.get("SMALL_ENGINE_MARK")
    if mark is None or Path(mark).exists():
        return mark is None
    Path(mark).touch()
    return True


def main() -> None:
    """Serve until the supervisor is gone, or as SMALL_ENGINE says: `mute`, `exit` at the start, `clings`."""
    mode = os.environ.get("SMALL_ENGINE")
    if mode == "exit":
        sys.exit(1)
    connection = socket.socket(fileno=int(sys.argv[1]))
    with connection, connection.makefile() as lines, connection.makefile("w") as answers:
        engine = SmallEngine(answers)
        if mode != "mute":
            engine.say("ready")
            engine.say("stage_seconds", seconds={"device_busy_seconds": 0.5})
        for line in lines:
            engine.obey(json.loads(line))
    while mode == "clings":
        time.sleep(60)


if __name__ == "__main__":
    main()
