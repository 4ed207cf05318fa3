"""What the engine process does with the messages of its supervisor: runs tasks, fetches recordings."""

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from pydantic import ValidationError
from pydantic_core import from_json

from app.asr.hardware import return_freed_memory
from app.core.errors import EngineFailed, InvalidTask, ServiceError
from app.core.tracing import traced
from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint
from app.transcription.lending import Borrower
from app.transcription.request import Watch
from app.worker.engine_process.desk import Desk
from app.worker.messages import (
    Abort,
    Alive,
    Failed,
    Fetch,
    Fetched,
    Finished,
    FromEngine,
    Help,
    Helped,
    Ready,
    Reply,
    Run,
    Stage,
    StageSeconds,
    ToEngine,
    to_engine,
)
from utils.logger import task_context

logger = logging.getLogger(__name__)

ALIVE_SECONDS = 1.0
"""Least time between two messages that only say that the work goes on."""

HELPS = 2
"""Recordings of others that are helped with at a time: one, and one that is being left."""

TIDY_SECONDS = 60.0
"""Least time between two returns of freed memory: what the next recording needs has to be fetched again."""


STAGE_SECONDS = 5.0
"""Time between two messages that say how it was spent."""


class Transcriber(Protocol):
    """What the engine process does with a task; see TranscriptionService."""

    def fetch(self, task: Task, should_stop: Callable[[], bool]) -> float | None:
        """Have the recording of a task here that names its address; its length. Raises ServiceErrors."""

    def transcribe(self, task: Task, checkpoint: Checkpoint | None, watch: Watch) -> Transcript:
        """Transcribe one task, going on from `checkpoint`. Raises the ServiceErrors of app.core.errors."""

    def take_stage_seconds(self) -> dict[str, float]:
        """How the time since the last call was spent; see app.asr.stages.StageClock.take."""

    def help(self, task: Task, borrower: Borrower, watch: Watch) -> None:
        """Decode windows of a task that another worker has. Raises the same."""


class EngineHost:
    """Runs the tasks that come over the socket and answers each with `Finished` or `Failed`."""

    def __init__(
        self, connection: socket.socket, service: Transcriber, recordings: int, fetches: int
    ) -> None:
        """Works on so many recordings at a time, and fetches so many more."""
        self._connection = connection
        self._service = service
        self._recordings = ThreadPoolExecutor(recordings, thread_name_prefix="task")
        self._fetches = ThreadPoolExecutor(fetches, thread_name_prefix="fetch")
        self._send_lock = threading.Lock()
        self._helps = ThreadPoolExecutor(HELPS, thread_name_prefix="help")
        self._aborted: dict[int, threading.Event] = {}
        self._desks: dict[int, Desk] = {}
        self._tidied_at = time.monotonic()
        self._ended = threading.Event()

    def serve(self) -> None:
        """Read messages until the supervisor is gone."""
        self._send(Ready())
        threading.Thread(target=self._tell_stages, name="stages", daemon=True).start()
        with self._connection.makefile("rb") as lines:
            for line in lines:
                message = self._read(line)
                if message is None:
                    continue
                self._obey(message)
        self._ended.set()

    def _tell_stages(self) -> None:
        """Say how the time is spent, until the supervisor is gone."""
        with contextlib.suppress(OSError):
            while not self._ended.wait(STAGE_SECONDS):
                spent = {name: round(each, 3) for name, each in self._service.take_stage_seconds().items()}
                if seconds := {name: each for name, each in spent.items() if each}:
                    self._send(StageSeconds(seconds=seconds))

    def _obey(self, message: ToEngine) -> None:
        if isinstance(message, Abort):
            if message.run_id in self._aborted:
                self._aborted[message.run_id].set()
        elif isinstance(message, Reply):
            if message.run_id in self._desks:
                self._desks[message.run_id].hear(message)
        else:
            self._begin(message)

    def _begin(self, message: Run | Fetch | Help) -> None:
        self._aborted[message.run_id] = threading.Event()
        if isinstance(message, Run):
            self._recordings.submit(self._run, message)
        elif isinstance(message, Help):
            self._helps.submit(self._help, message)
        else:
            self._fetches.submit(self._fetch, message)

    def _read(self, line: bytes) -> ToEngine | None:
        """The message; of one that cannot be read, its run alone fails."""
        try:
            return to_engine.validate_json(line)
        except ValidationError as error:
            logger.error("A message of the supervisor cannot be read: %s", error)
        run_id = _run_id_of(line)
        if run_id is not None:
            self._send(_failed(run_id, InvalidTask("The engine process cannot read the task.")))
        return None

    def _run(self, run: Run) -> None:
        with task_context(run.task.task_id), traced("engine", run.traceparent):
            try:
                transcript = self._service.transcribe(run.task, run.checkpoint, self._watch(run.run_id)[0])
                answer: Finished | Failed = Finished(run_id=run.run_id, transcript=transcript)
            except Exception as error:
                answer = _failed(run.run_id, error)
        self._end(answer)
        self._tidy()

    def _help(self, help: Help) -> None:
        with task_context(help.task.task_id):
            try:
                watch, desk = self._watch(help.run_id)
                self._service.help(help.task, desk, watch)
                answer: Helped | Failed = Helped(run_id=help.run_id)
            except Exception as error:
                answer = _failed(help.run_id, error)
        self._end(answer)
        self._tidy()

    def _fetch(self, fetch: Fetch) -> None:
        with task_context(fetch.task.task_id), traced("fetch", fetch.traceparent):
            try:
                duration = self._service.fetch(fetch.task, self._aborted[fetch.run_id].is_set)
                answer: Fetched | Failed = Fetched(run_id=fetch.run_id, duration=duration)
            except Exception as error:
                answer = _failed(fetch.run_id, error)
        self._end(answer)

    def _watch(self, run_id: int) -> tuple[Watch, Desk]:
        """How the supervisor follows a run, and where the run asks it."""
        pulse, aborted = _Pulse(self._send, run_id), self._aborted[run_id]
        desk = self._desks[run_id] = Desk(self._send, run_id, lambda: watch.check())
        watch = Watch(
            on_loading=pulse.loading,
            on_loaded=pulse.loaded,
            on_alive=pulse.beat,
            on_window=desk.deliver,
            should_stop=aborted.is_set,
            lender=desk,
        )
        return watch, desk

    def _end(self, answer: Finished | Failed | Fetched | Helped) -> None:
        self._desks.pop(answer.run_id, None)
        del self._aborted[answer.run_id]
        self._send(answer)

    def _tidy(self) -> None:
        """Return freed memory, if that was not done a moment ago."""
        now = time.monotonic()
        if now - self._tidied_at >= TIDY_SECONDS:
            self._tidied_at = now
            return_freed_memory()

    def _send(self, message: FromEngine) -> None:
        with self._send_lock:
            self._connection.sendall(message.line())


class _Pulse:
    """Says that a run is alive, at most once in ALIVE_SECONDS."""

    def __init__(self, send: Callable[[Alive], None], run_id: int) -> None:
        self._send = send
        self._run_id = run_id
        self._stage = Stage.READING
        self._said_at = 0.0

    def loading(self) -> None:
        """Nothing is done until the model is in memory."""
        self._stage = Stage.LOADING
        self._say(time.monotonic())

    def loaded(self) -> None:
        """The model is in memory."""
        self._stage = Stage.LOADED
        self._say(time.monotonic())

    def beat(self) -> None:
        """The work goes on."""
        now = time.monotonic()
        if now - self._said_at >= ALIVE_SECONDS:
            self._say(now)

    def _say(self, now: float) -> None:
        self._said_at = now
        self._send(Alive(run_id=self._run_id, stage=self._stage))


def _run_id_of(line: bytes) -> int | None:
    try:
        run_id = from_json(line)["run_id"]
    except (ValueError, TypeError, KeyError):
        return None
    return run_id if isinstance(run_id, int) else None


def _failed(run_id: int, error: Exception) -> Failed:
    if not isinstance(error, ServiceError):
        logger.exception("Unexpected error in the engine process")
        error = EngineFailed(f"The engine failed unexpectedly: {type(error).__name__}: {error}")
    failure = TaskFailure(code=error.code, message=error.detail)
    return Failed(run_id=run_id, failure=failure, retryable=error.retryable)
