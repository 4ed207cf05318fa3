"""An engine without a model, for the tests of everything around it; reachable with ENGINE=fake only.

Instead of sound it reads a `Script` as JSON from the uploaded file, and does that: it takes its
time, answers, fails, or takes the whole process down as a real runtime might.
"""

import ctypes
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.core.errors import AudioMissing, AudioUndecodable, EngineFailed, TaskCancelled
from app.schemas.transcript import Segment, Transcript

STEP_SECONDS = 0.02


class Script(BaseModel):
    """What the fake engine does with a recording, in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: Path | None = None
    """File that gets a line `start <pid>` now and `end <pid>` at the end: counts executions."""
    once: bool = False
    """Take the faults below out of the file first, so that the next attempt succeeds."""
    allocate_mb: int = 0
    fail: str | None = None
    """Raise EngineFailed (may be tried again) with this sentence."""
    undecodable: str | None = None
    """Raise AudioUndecodable (final) with this sentence."""
    crash: bool = False
    """Die as by the kernel's out-of-memory killer."""
    segfault: bool = False
    hang: bool = False
    """Wait for ever, deaf to cancellation."""
    spin: bool = False
    """Compute for ever without giving up the interpreter's lock: no other thread of the process runs."""
    seconds: float = 0.0
    """Time that the work takes; may be cancelled meanwhile."""
    text: str = ""
    duration: float = 1.0

    def without_faults(self) -> "Script":
        """What is left after the first attempt where `once` is set."""
        return Script(journal=self.journal, seconds=self.seconds, text=self.text, duration=self.duration)


def play(
    path: Path, *, model: str, on_progress: Callable[[float], None], should_stop: Callable[[], bool]
) -> Transcript:
    """Do what the file says. Raises AudioMissing, AudioUndecodable, EngineFailed or TaskCancelled."""
    script = _read(path)
    _note(script, "start")
    if script.once:
        replacement = path.with_name(path.name + ".new")
        replacement.write_text(script.without_faults().model_dump_json(exclude_none=True))
        replacement.replace(path)
    on_progress(0.0)
    ballast = bytearray(script.allocate_mb * 1024 * 1024)
    _fault(script)
    _work(script.seconds, on_progress, should_stop)
    del ballast
    _note(script, "end")
    return _transcript(script, model)


def _read(path: Path) -> Script:
    try:
        return Script.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise AudioMissing("The uploaded recording is no longer there; upload it again.") from error
    except ValidationError as error:
        raise AudioUndecodable("The fake engine understands only its own JSON scripts.") from error


def _fault(script: Script) -> None:
    if script.fail is not None:
        raise EngineFailed(script.fail)
    if script.undecodable is not None:
        raise AudioUndecodable(script.undecodable)
    if script.crash:
        os.kill(os.getpid(), signal.SIGKILL)
    if script.segfault:
        ctypes.string_at(0)
    if script.hang:
        threading.Event().wait()
    if script.spin:
        sum(itertools.repeat(0))


def _work(seconds: float, on_progress: Callable[[float], None], should_stop: Callable[[], bool]) -> None:
    started = time.monotonic()
    while (elapsed := time.monotonic() - started) < seconds:
        if should_stop():
            raise TaskCancelled("The task was cancelled.")
        on_progress(elapsed / seconds)
        time.sleep(min(STEP_SECONDS, seconds - elapsed))
    on_progress(1.0)


def _note(script: Script, event: str) -> None:
    if script.journal is not None:
        with script.journal.open("a") as journal:
            journal.write(f"{event} {os.getpid()}\n")


def _transcript(script: Script, model: str) -> Transcript:
    return Transcript(
        text=script.text,
        language=None,
        language_probability=None,
        duration=script.duration,
        segments=(Segment(id=0, start=0.0, end=script.duration, text=script.text),) if script.text else (),
        model=model,
        engine="fake",
        compute_type="none",
        device="cpu",
        processing_seconds=script.seconds,
        trimmed=False,
    )
