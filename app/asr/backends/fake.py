"""An engine without a model, for the tests of everything around it; reachable with ENGINE=fake only.

Instead of sound it reads a `Script` as JSON from the uploaded file, and does that: it takes its
time, hypotheses, fails, or takes the whole process down as a real runtime might.
"""

import ctypes
import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.core.errors import (
    AudioMissing,
    AudioUndecodable,
    DeviceLost,
    EngineFailed,
    ModelOutOfMemory,
    ModelUnavailable,
)
from app.core.recording_path import RecordingPath
from app.schemas.transcript import Provenance, Segment, Transcript
from app.schemas.window import Checkpoint, WindowDone, WindowTranscript

STEP_SECONDS = 0.02

PLAN = "fake"
"""The plan of all its windows."""

WEIGHTS_FOLDER = "fake"
"""Folder of the model cache with the fake engine's weights; most models need none there."""


_device_lost = threading.Event()
"""Set once this process has lost its GPU."""


class Weights(BaseModel):
    """What loading a model does, read from `<model>.json` in WEIGHTS_FOLDER; without the file it succeeds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broken: bool = False
    """Raise ModelUnavailable."""
    allocate_mb: int = 0
    """Ask for so much memory, which may be more than there is."""
    lose_device: bool = False
    """Raise DeviceLost, as does from then on every recording that uses the GPU of this process."""
    killed: bool = False
    """Die as by the kernel's out-of-memory killer."""


class Script(BaseModel):
    """What the fake engine does with a recording, in this order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: Path | None = None
    """File that gets a line `start <pid>` now and `end <pid>` at the end: counts executions."""
    once: bool = False
    """The faults below happen once: the next attempt succeeds."""
    allocate_mb: int = 0
    fail: str | None = None
    """Raise EngineFailed (may be tried again) with this sentence."""
    undecodable: str | None = None
    """Raise AudioUndecodable (final) with this sentence."""
    crash: bool = False
    """Die as by the kernel's out-of-memory killer."""
    segfault: bool = False
    hang: bool = False
    """Wait for ever, deaf to cancellation; a GPU that is lost meanwhile ends that."""
    lose_device: bool = False
    """Raise DeviceLost, as does from then on every other recording that uses the GPU of this process."""
    spin: bool = False
    """Compute for ever without giving up the interpreter's lock: no other thread of the process runs."""
    seconds: float = 0.0
    """Time that the work takes; may be cancelled meanwhile."""
    windows: int = Field(1, ge=1)
    """Windows of equal length that the work is divided into; the text's words are shared out to them."""
    crash_after: int | None = None
    """Die as by the kernel's out-of-memory killer when so many windows are done."""
    crash_borrowed: int | None = None
    """Die so at the window of this number, where another worker owns the recording."""
    text: str = ""
    duration: float = 1.0

    def without_faults(self) -> "Script":
        """What is left after the first attempt where `once` is set."""
        kept = {"journal", "seconds", "windows", "text", "duration"}
        return Script.model_validate(self.model_dump(include=kept))


def load(model: str, cache_dir: Path) -> None:
    """Do what the model's weights say. Raises ModelUnavailable or EngineFailed."""
    _use_device()
    try:
        text = (cache_dir / WEIGHTS_FOLDER / f"{model}.json").read_bytes()
    except FileNotFoundError:
        return
    weights = Weights.model_validate_json(text)
    if weights.broken:
        raise ModelUnavailable(f"The weights of {model!r} cannot be loaded.")
    if weights.killed:
        os.kill(os.getpid(), signal.SIGKILL)
    if weights.lose_device:
        _device_lost.set()
        _use_device()
    try:
        bytearray(weights.allocate_mb * 1024 * 1024)
    except (MemoryError, OverflowError) as error:
        raise ModelOutOfMemory(
            f"There is not enough memory for the model {model!r} ({error or 'none could be had'})."
        ) from error


def play(
    path: RecordingPath,
    *,
    model: str,
    cache_dir: Path,
    checkpoint: Checkpoint | None,
    on_loading: Callable[[], None],
    on_loaded: Callable[[], None],
    on_window: Callable[[WindowDone], None],
    check: Callable[[], None],
    decode: "Decode | None" = None,
) -> Transcript:
    """Do what the file says; `decode` has the windows decoded that are missing, by default one by one.

    Raises AudioMissing, AudioUndecodable, ModelUnavailable or EngineFailed, and what `check` raises.

    `check` is called often; windows of `checkpoint` are not done again.
    """
    script = read(path)
    _note(script, "start")
    if script.once:
        script = _once(script, cache_dir / f"{path.name}.once")
    on_loading()
    load(model, cache_dir)
    on_loaded()
    ballast = bytearray(script.allocate_mb * 1024 * 1024)
    _fault(script)
    done = {window.number: window for window in checkpoint.windows} if checkpoint else {}
    resumed, missing = len(done), [number for number in range(script.windows) if number not in done]
    decoded = (decode or _one_by_one)(script, missing, lambda number: work(script, number, on_window, check))
    done |= {window.number: window for window in decoded.windows}
    windows = [done[number] for number in range(script.windows)]
    del ballast
    _note(script, "end")
    return _transcript(script, model, windows, resumed=resumed, lent=decoded.lent)


def _once(script: Script, mark: Path) -> Script:
    """The script with its faults, and every time after that, which `mark` tells, without."""
    if mark.exists():
        return script.without_faults()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    return script


@dataclass(frozen=True, slots=True)
class Decoded:
    """Windows that were missing; others have done `lent` of them."""

    windows: Sequence[WindowTranscript]
    lent: int = 0


Decode = Callable[[Script, list[int], Callable[[int], WindowTranscript]], Decoded]
"""Has windows of a script decoded, of these numbers, by that function."""


def _one_by_one(_: Script, missing: list[int], decode: Callable[[int], WindowTranscript]) -> Decoded:
    return Decoded([decode(number) for number in missing])


def read(path: RecordingPath) -> Script:
    """What the file says. Raises AudioMissing or AudioUndecodable."""
    try:
        with path.open("rb", 0) as file:
            return Script.model_validate_json(file.readall())
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
    if script.lose_device:
        _device_lost.set()
    if script.hang:
        _device_lost.wait()
    if script.spin:
        sum(itertools.repeat(0))
    _use_device()


def _use_device() -> None:
    if _device_lost.is_set():
        raise DeviceLost("The GPU can be used no more: CUDA failed with error unspecified launch failure")


def work(
    script: Script, number: int, on_window: Callable[[WindowDone], None], check: Callable[[], None]
) -> WindowTranscript:
    """Decode a window, which takes its time. Raises what `check` raises."""
    if script.crash_after == number:
        os.kill(os.getpid(), signal.SIGKILL)
    ends = time.monotonic() + script.seconds / script.windows
    while (left := ends - time.monotonic()) > 0:
        check()
        _use_device()
        time.sleep(min(STEP_SECONDS, left))
    check()
    _note(script, f"window-{number}")
    window = _window(script, number)
    covered = window.end - window.start
    on_window(WindowDone(plan=PLAN, window=window, covered=covered, duration=script.duration))
    return window


def _window(script: Script, number: int) -> WindowTranscript:
    seconds = script.duration / script.windows
    words = script.text.split()
    first, last = (round(len(words) * place / script.windows) for place in (number, number + 1))
    text = "".join(f" {word}" for word in words[first:last])
    start, end = number * seconds, (number + 1) * seconds
    segments = (Segment(id=0, start=start, end=end, text=text),) if text else ()
    return WindowTranscript(number=number, start=start, end=end, segments=segments)


def _note(script: Script, event: str) -> None:
    if script.journal is not None:
        with script.journal.open("a") as journal:
            journal.write(f"{event} {os.getpid()}\n")


def _transcript(
    script: Script, model: str, windows: list[WindowTranscript], *, resumed: int, lent: int
) -> Transcript:
    segments = [segment for window in windows for segment in window.segments]
    return Transcript(
        text="".join(segment.text for segment in segments).strip(),
        language=None,
        language_probability=None,
        duration=script.duration,
        segments=tuple(segment.model_copy(update={"id": number}) for number, segment in enumerate(segments)),
        model=model,
        engine="fake",
        compute_type="none",
        device="cpu",
        processing_seconds=script.seconds,
        trimmed=False,
        provenance=Provenance(
            model_digest="none",
            versions={},
            real_time_factor=None,
            windows_resumed=resumed,
            windows_lent=lent,
        ),
    )
