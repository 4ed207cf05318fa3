"""Dispatching: the windows of all recordings are decoded in batches.

A batch takes windows in turn from all recordings, the one served longest ago first, so that nobody waits
behind another's hours (`scheduler.py`). Models that do not fit into memory together take turns.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from app.asr.base import Engine, EngineInfo, WindowRequest
from app.asr.scheduling.models import ModelPool
from app.asr.scheduling.scheduler import NO_LIMIT, Batch, Session, Waiting, next_batch
from app.asr.stages import PipelineStage, StageClock
from app.core.errors import DeviceLost, OutOfDeviceMemory
from app.schemas.window import WindowTranscript

logger = logging.getLogger(__name__)

MAX_THREADS = 512
"""Batches and models that load, all together: far more than there are decode workers."""

WINDOWS_WAITING = 16
"""Windows that may wait, of all recordings together, where the model runs on the CPU, or is not loaded yet.
The longest have 2 MB of samples each, and up to 2 MB of features."""

MOST_READ_AHEAD = 128
"""The same away from the CPU, two of the largest batches that can be set: 0.5 GB of the longest."""

SWITCH_SECONDS = 30.0
"""How long a model stays in memory at least while it has work, although another one is waited for."""


class Dispatcher:
    """Thread-safe: every recording is read by a thread of its own."""

    def __init__(
        self,
        pool: ModelPool,
        clock: Callable[[], float] = time.monotonic,
        stages: StageClock | None = None,
    ) -> None:
        self._pool = pool
        self._clock = clock
        self._stages = stages or StageClock()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(MAX_THREADS, thread_name_prefix="batch")
        self._sessions: list[Session] = []
        self._running: list[Batch] = []
        self._loading: set[str] = set()
        self._loaded_at: dict[str, float] = {}
        self._sizes: dict[str, int] = {}
        self._shrinking: set[str] = set()
        self._turns = 0

    def open(self, model: str, *, is_short: bool = False) -> Session:
        """A session for a recording that `model` is to transcribe; a short one waits behind no longer one."""
        session = Session(model, self._clock(), is_short)
        with self._lock:
            self._sessions.append(session)
        return session

    def close(self, session: Session) -> None:
        """Give a session up; its windows that still wait are cancelled."""
        with self._lock:
            self._sessions.remove(session)
            session.give_up()
            self._count_waiting()

    def ensure_loaded(self, session: Session) -> "Future[EngineInfo]":
        """Have the recording's model loaded. The answer may be a ModelUnavailable or EngineFailed."""
        future: Future[EngineInfo] = Future()
        with self._lock:
            session.asking.append(future)
            self._start()
        return future

    def has_room(self, session: Session) -> bool:
        """Whether the recording's next window should be cut already: each that waits needs memory."""
        with self._lock:
            return len(session.waiting) < max(2, self._read_ahead(session) // len(self._sessions))

    def _read_ahead(self, session: Session) -> int:
        """Windows that may wait, of all recordings together.

        Away from the CPU, whose batches are small: a full batch for each decode worker, and the next one, so
        that a single long recording fills them; MOST_READ_AHEAD at most.
        """
        engine = self._pool.get(session.model)
        if engine is None or engine.info.device == "cpu" or not session.waiting:
            return WINDOWS_WAITING
        largest = min(self._sizes.get(session.model, NO_LIMIT), engine.max_batch(session.waiting[0].request))
        return max(WINDOWS_WAITING, min(MOST_READ_AHEAD, largest * (engine.decode_workers + 1)))

    def has_place(self, model: str) -> bool:
        """Whether a model is in memory, or may be loaded without another one having to go."""
        with self._lock:
            held = len(self._pool.loaded) + len(self._loading)
            return model in self._pool.loaded or model in self._loading or held < self._pool.capacity

    def wants_more(self, session: Session) -> bool:
        """Whether none of the recording's windows waits for its batch."""
        with self._lock:
            return not session.waiting

    def recall(self, session: Session) -> None:
        """Cancel the windows of a recording that still wait for their batches."""
        with self._lock:
            for waiting in session.waiting:
                waiting.future.cancel()
            session.waiting.clear()
            self._count_waiting()

    def submit(
        self, session: Session, request: WindowRequest, *, alone: bool = False
    ) -> "Future[WindowTranscript]":
        """Have a window transcribed, in a batch of its own where `alone`.

        The answer may be a ModelUnavailable or EngineFailed. What needs no device is done in the caller's
        thread: no batch waits for it.
        """
        future: Future[WindowTranscript] = Future()
        with self._lock:
            engine = self._pool.get(session.model)
        if engine is not None:
            request = engine.prepare(request)
        with self._lock:
            session.waiting.append(Waiting(session, request, future, self._clock(), alone))
            self._start()
        return future

    def _start(self) -> None:
        """Start whatever can be started; called under the lock whenever something has changed."""
        while any(self._start_one(model) for model in self._wanted()):
            pass
        self._count_waiting()

    def _count_waiting(self) -> None:
        self._stages.queue(sum(len(session.waiting) for session in self._sessions))

    def _wanted(self) -> list[str]:
        """Models that recordings wait for, the one first that is waited for longest."""
        oldest: dict[str, float] = {}
        for session in self._sessions:
            since = session.since if session.asking else session.waiting[0].since if session.waiting else None
            if since is not None:
                oldest[session.model] = min(since, oldest.get(session.model, since))
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
        batch = next_batch(self._sessions, engine, self._sizes.get(model, NO_LIMIT), self._running)
        if batch is None:
            return False
        self._turns += 1
        for waiting in batch.windows:
            waiting.session.turn = self._turns
        self._running.append(batch)
        self._threads.submit(self._run, batch)
        return True

    def _tell(self, engine: Engine) -> None:
        """Answer those who asked for the model."""
        for session in self._sessions:
            if session.model == engine.info.model:
                for future in session.asking:
                    future.set_result(engine.info)
                session.asking.clear()

    def _begin_loading(self, model: str) -> bool:
        if len(self._pool.loaded) + len(self._loading) >= self._pool.capacity:
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
        is_full = len(self._pool.loaded) + len(self._loading) >= self._pool.capacity
        return bool(missing) and is_full and self._had_its_time(model)

    def _had_its_time(self, model: str) -> bool:
        return self._clock() - self._loaded_at[model] >= SWITCH_SECONDS

    def _load(self, model: str) -> None:
        try:
            with self._stages.at(PipelineStage.LOAD):
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
            self._stages.offer(engine.decode_workers)
            self._loaded_at[model] = self._clock()
            self._start()

    def _refuse(self, model: str, error: Exception) -> None:
        for session in self._sessions:
            if session.model == model:
                session.refuse(error)

    def _run(self, batch: Batch) -> None:
        started = time.perf_counter()
        try:
            with self._stages.batch():
                transcripts = batch.engine.transcribe([waiting.request for waiting in batch.windows])
        except Exception as error:
            self._failed(batch, error)
            return
        count = len(batch.windows)
        share = {
            "engine_seconds": round((time.perf_counter() - started) / count, 4),
            "batch_slots": round(batch.slots / count, 4),
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
            if isinstance(error, DeviceLost):  # no window of this model can be decoded any more
                for waiting in batch.windows:
                    waiting.future.set_exception(error)
                self._refuse(model, error)
            elif isinstance(error, OutOfDeviceMemory) and count > 1:
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
            if waiting.session in self._sessions:
                waiting.alone = waiting.alone or alone
                waiting.session.waiting.insert(0, waiting)

    def _shrink(self, model: str) -> bool:
        """Load a model anew in its smaller way, once nobody uses it."""
        if any(batch.engine.info.model == model for batch in self._running):
            return False
        self._shrinking.discard(model)
        self._sizes.pop(model, None)
        self._pool.evict(model)
        return True
