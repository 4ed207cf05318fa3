"""Has models decode the windows of all recordings, in batches.

A batch takes windows in turn from all recordings, the one served longest ago first, so that nobody waits
behind another's hours (`seats.py`). Models that do not fit into memory together take turns.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.core.errors import OutOfDeviceMemory
from app.engines.base import Engine, EngineInfo, WindowRequest
from app.engines.registry import ModelPool
from app.engines.seats import NO_LIMIT, Batch, Seat, Waiting, next_batch
from app.schemas.window import WindowTranscript

logger = logging.getLogger(__name__)

MAX_THREADS = 32
"""Batches and models that load, all together: far more than there are lanes."""

WINDOWS_WAITING = 16
"""Windows that may wait, of all recordings together; the longest have 2 MB each."""

SWITCH_SECONDS = 30.0
"""How long a model stays in memory at least while it has work, although another one is waited for."""


class Batcher:
    """Thread-safe: every recording is read by a thread of its own."""

    def __init__(self, pool: ModelPool, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = pool
        self._clock = clock
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="batch")
        self._seats: list[Seat] = []
        self._running: list[Batch] = []
        self._loading: set[str] = set()
        self._loaded_at: dict[str, float] = {}
        self._sizes: dict[str, int] = {}
        self._shrinking: set[str] = set()
        self._turns = 0

    def sit(self, model: str, *, is_short: bool = False) -> Seat:
        """A seat for a recording that `model` is to transcribe; a short one waits behind no longer one."""
        seat = Seat(model, self._clock(), is_short)
        with self._lock:
            self._seats.append(seat)
        return seat

    def leave(self, seat: Seat) -> None:
        """Give a seat up; its windows that still wait are cancelled."""
        with self._lock:
            self._seats.remove(seat)
            seat.give_up()

    def ask(self, seat: Seat) -> "Future[EngineInfo]":
        """Have the recording's model loaded. The answer may be a ModelUnavailable or EngineFailed."""
        future: Future[EngineInfo] = Future()
        with self._lock:
            seat.asking.append(future)
            self._start()
        return future

    def has_room(self, seat: Seat) -> bool:
        """Whether the recording's next window should be cut already: each that waits needs memory."""
        with self._lock:
            return len(seat.waiting) < max(2, WINDOWS_WAITING // len(self._seats))

    def submit(self, seat: Seat, request: WindowRequest) -> "Future[WindowTranscript]":
        """Have a window transcribed. The answer may be a ModelUnavailable or EngineFailed."""
        future: Future[WindowTranscript] = Future()
        with self._lock:
            seat.waiting.append(Waiting(seat, request, future, self._clock()))
            self._start()
        return future

    def _start(self) -> None:
        """Start whatever can be started; called under the lock whenever something has changed."""
        while any(self._start_one(model) for model in self._wanted()):
            pass

    def _wanted(self) -> list[str]:
        """Models that recordings wait for, the one first that is waited for longest."""
        oldest: dict[str, float] = {}
        for seat in self._seats:
            since = seat.since if seat.asking else seat.waiting[0].since if seat.waiting else None
            if since is not None:
                oldest[seat.model] = min(since, oldest.get(seat.model, since))
        return sorted(oldest, key=oldest.__getitem__)

    def _start_one(self, model: str) -> bool:
        """Start a batch of the model, or its loading; whether that could be done."""
        engine = self._pool.get(model)
        if engine is None:
            return model not in self._loading and self._begin_loading(model)
        self._tell(engine)
        if model in self._shrinking:
            return self._shrink(model)
        if self._must_wait(model):
            return False
        batch = next_batch(self._seats, engine, self._sizes.get(model, NO_LIMIT), self._running)
        if batch is None:
            return False
        self._turns += 1
        for waiting in batch.windows:
            waiting.seat.turn = self._turns
        self._running.append(batch)
        self._threads.submit(self._run, batch)
        return True

    def _tell(self, engine: Engine) -> None:
        """Answer those who asked for the model."""
        for seat in self._seats:
            if seat.model == engine.info.model:
                for future in seat.asking:
                    future.set_result(engine.info)
                seat.asking.clear()

    def _begin_loading(self, model: str) -> bool:
        if len(self._pool.loaded) + len(self._loading) >= self._pool.places:
            idle = [each for each in self._pool.loaded if self._may_go(each)]
            if not idle:
                return False
            self._pool.evict(idle[0])
        self._loading.add(model)
        self._threads.submit(self._load, model)
        return True

    def _may_go(self, model: str) -> bool:
        """Whether a model in memory can make room for another."""
        if any(batch.engine.info.model == model for batch in self._running):
            return False
        return model not in self._wanted() or self._had_its_time(model)

    def _must_wait(self, model: str) -> bool:
        """Whether a model in memory starts no batch any more, so that another one can take its place."""
        missing = [
            each for each in self._wanted() if each not in self._pool.loaded and each not in self._loading
        ]
        is_full = len(self._pool.loaded) + len(self._loading) >= self._pool.places
        return bool(missing) and is_full and self._had_its_time(model)

    def _had_its_time(self, model: str) -> bool:
        return self._clock() - self._loaded_at[model] >= SWITCH_SECONDS

    def _load(self, model: str) -> None:
        try:
            engine = self._pool.load(model)
        except Exception as error:
            with self._lock:
                self._loading.discard(model)
                self._refuse(model, error)
                self._start()
            return
        with self._lock:
            self._loading.discard(model)
            self._pool.put(model, engine)
            self._loaded_at[model] = self._clock()
            self._start()

    def _refuse(self, model: str, error: Exception) -> None:
        for seat in self._seats:
            if seat.model == model:
                seat.refuse(error)

    def _run(self, batch: Batch) -> None:
        started = time.perf_counter()
        try:
            transcripts = batch.engine.transcribe([waiting.request for waiting in batch.windows])
        except Exception as error:
            self._failed(batch, error)
            return
        count = len(batch.windows)
        share = {
            "engine_seconds": round((time.perf_counter() - started) / count, 4),
            "batch_places": round(batch.places / count, 4),
        }
        for waiting, transcript in zip(batch.windows, transcripts, strict=True):
            waiting.future.set_result(transcript.model_copy(update=share))
        self._ended(batch)

    def _ended(self, batch: Batch) -> None:
        with self._lock:
            self._running.remove(batch)
            self._start()

    def _failed(self, batch: Batch, error: Exception) -> None:
        """Try again with less, or each window alone: none must fail the recordings of all others."""
        with self._lock:
            self._running.remove(batch)
            model, count = batch.engine.info.model, len(batch.windows)
            if isinstance(error, OutOfDeviceMemory) and count > 1:
                self._sizes[model] = max(1, count // 2)
                logger.warning("Batches of %s have %d windows from now on: %s", model, count // 2, error)
                self._wait_again(batch, alone=False)
            elif isinstance(error, OutOfDeviceMemory) and self._pool.step_down(model):
                self._shrinking.add(model)
                self._wait_again(batch, alone=False)
            elif count > 1:
                self._wait_again(batch, alone=True)
            else:
                batch.windows[0].future.set_exception(error)
            self._start()

    def _wait_again(self, batch: Batch, *, alone: bool) -> None:
        """Put the windows of a batch that failed back in front."""
        for waiting in reversed(batch.windows):
            if waiting.seat in self._seats:
                waiting.alone = waiting.alone or alone
                waiting.seat.waiting.insert(0, waiting)

    def _shrink(self, model: str) -> bool:
        """Load a model anew in its smaller way, once nobody uses it."""
        if any(batch.engine.info.model == model for batch in self._running):
            return False
        self._shrinking.discard(model)
        self._sizes.pop(model, None)
        self._pool.evict(model)
        return True
