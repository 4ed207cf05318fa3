"""Who reads recordings: threads of this process, or processes of their own.

Decoding and looking for speech hold the interpreter's lock for most of the time, so that threads read no
faster than one core, and a crash of FFmpeg ends the process with all that is in it. Reader processes share
the cores, and cost memory: some 25 MB each, and 65 MB for what they have in common
(docs/research/measurements.md).
"""

import contextlib
import logging
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.reduction import send_handle
from typing import Protocol

from app.audio.reading import process
from app.audio.reading.connection import LOST, Follower, ReaderLost
from app.audio.reading.cutting import Cutting, WindowReader, WindowSource
from app.audio.reading.process_reading import ProcessReading, ProcessSlices
from app.audio.reading.slicing import SliceReader, SliceSource
from app.core.config import Settings
from app.core.gpus import has_gpu
from app.core.machine import usable_cores

logger = logging.getLogger(__name__)

CORES_FOR_PROCESSES = 8
"""Where the processor transcribes, fewer cores are kept busy by one thread that reads."""

END_SECONDS = 5.0
"""How long a process gets to end: one that is stuck in native code never would."""


class Readers(Protocol):
    """Opens recordings. Thread-safe."""

    def open(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> WindowSource:
        """The windows of a recording.

        `check` is called often, and what it raises ends the reading; `on_alive` as long as it goes on.
        """

    def open_slices(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> SliceSource:
        """The same of windows that are known."""


class ThreadReaders:
    """Each recording is read by the thread that asks for its windows."""

    def open(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> WindowSource:
        """See Readers."""
        return WindowReader(cutting, _both(check, on_alive))

    def open_slices(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> SliceSource:
        """See Readers."""
        return SliceReader(cutting, _both(check, on_alive))


def _both(check: Callable[[], object], on_alive: Callable[[], None]) -> Callable[[], None]:
    def on_block() -> None:
        check()
        on_alive()

    return on_block


@dataclass(slots=True, eq=False)
class _Process:
    """`lock` is held while `control` is used: whoever finds the process gone closes it."""

    process: ForkServerProcess
    control: Connection
    readings: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def connect(self) -> Connection:
        """A connection to a thread that waits for a Cutting. Raises one of LOST."""
        ours, theirs = Pipe()
        with theirs, contextlib.ExitStack() as failed, self.lock:
            failed.enter_context(ours)
            if self.control.closed:
                raise EOFError
            send_handle(self.control, theirs.fileno(), self.process.pid)
            failed.pop_all()
        return ours

    def end(self) -> str:
        """End it, with all that it reads; how it did."""
        with self.lock:
            self.control.close()
            self.process.join(END_SECONDS)
            if self.process.exitcode is None:
                self.process.kill()
                self.process.join(END_SECONDS)
        status = self.process.exitcode
        if status is None or status >= 0:
            return f"exit status {status}"
        return f"killed by {signal.Signals(-status).name}"


class ProcessReaders:
    """At most `count` processes read all recordings; one that crashes costs that recording alone.

    The recordings that were being read in it are read again, each in a process of its own, from the window on
    that is missing: which of them is to blame shows then.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._lock = threading.Lock()
        self._processes: list[_Process] = []
        self._context: ForkServerContext = get_context("forkserver")
        self._context.set_forkserver_preload([process.__name__, "faster_whisper.vad"])

    def open(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> WindowSource:
        """See Readers."""
        return ProcessReading(self.connected, cutting, Follower(check, on_alive))

    def open_slices(
        self, cutting: Cutting, check: Callable[[], object], on_alive: Callable[[], None]
    ) -> SliceSource:
        """See Readers."""
        return ProcessSlices(self.connected, cutting, Follower(check, on_alive))

    @property
    def pids(self) -> tuple[int, ...]:
        """Its processes."""
        with self._lock:
            return tuple(each.process.pid for each in self._processes if each.process.pid is not None)

    def close(self) -> None:
        """End all processes; what is still being read is lost."""
        with self._lock:
            ending, self._processes = self._processes, []
        for each in ending:
            each.end()

    @contextlib.contextmanager
    def connected(self, *, alone: bool) -> Iterator[Connection]:
        """A connection to a reader process, which `alone` reads nothing else. Raises ReaderLost."""
        with self._lock:
            used = self._start() if alone else self._least_busy()
            used.readings += 1
        try:
            with used.connect() as connection:
                yield connection
        except LOST as error:
            raise ReaderLost(self._dismiss(used)) from error
        finally:
            with self._lock:
                used.readings -= 1
            if alone:
                used.end()

    def _least_busy(self) -> _Process:
        idle = min(self._processes, key=lambda each: each.readings, default=None)
        if idle is None or (idle.readings and len(self._processes) < self._count):
            idle = self._start()
            self._processes.append(idle)
        return idle

    def _dismiss(self, lost: _Process) -> str:
        """Give a process that is gone no more recordings; how it ended."""
        with self._lock:
            if lost in self._processes:
                self._processes.remove(lost)
        return lost.end()

    def _start(self) -> _Process:
        ours, theirs = Pipe()
        started = self._context.Process(target=process.serve, args=(theirs,), name="reader", daemon=True)
        with theirs:
            started.start()
        return _Process(started, ours)


def readers_for(settings: Settings) -> Readers:
    """Those that READERS names."""
    cores = settings.cpu_threads or usable_cores()
    kind = settings.readers
    if kind == "auto":
        has_device = settings.engine == "remote" or (settings.device != "cpu" and has_gpu())
        kind = "processes" if has_device or cores >= CORES_FOR_PROCESSES else "threads"
    return ProcessReaders(cores) if kind == "processes" else ThreadReaders()
