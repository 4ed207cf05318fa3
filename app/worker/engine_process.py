"""The engine process: models and decoding, and nothing of Redis.

Started by the supervisor as `python -m app.worker.engine_process FD`; FD is its end of a socket pair. It may
crash, hang or be killed at any time: the supervisor starts another one. It ends when the other end closes.
"""

import ctypes
import faulthandler
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from app.core.errors import EngineFailed, ServiceError
from app.core.startup import read_settings, start_logging
from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Transcript
from app.services.transcription_service import TranscriptionService
from app.worker.messages import Failed, Finished, Progress, Ready, Run, to_engine
from utils.logger import task_context

logger = logging.getLogger(__name__)

PROGRESS_STEP = 0.01
"""Least progress that is worth a message."""

PR_SET_PDEATHSIG = 1  # from linux/prctl.h


class Transcriber(Protocol):
    """What the engine process does with a task; see TranscriptionService."""

    def transcribe(
        self, task: Task, *, on_progress: Callable[[float], None], should_stop: Callable[[], bool]
    ) -> Transcript:
        """Transcribe one task. Raises the ServiceErrors of app.core.errors."""


class EngineHost:
    """Runs the tasks that come over the socket and answers each with `Finished` or `Failed`."""

    def __init__(self, connection: socket.socket, service: Transcriber, tasks_in_flight: int) -> None:
        self._connection = connection
        self._service = service
        self._executor = ThreadPoolExecutor(tasks_in_flight, thread_name_prefix="task")
        self._send_lock = threading.Lock()
        self._aborted: dict[int, threading.Event] = {}

    def serve(self) -> None:
        """Read messages until the supervisor is gone."""
        self._send(Ready())
        with self._connection.makefile("rb") as lines:
            for line in lines:
                message = to_engine.validate_json(line)
                if isinstance(message, Run):
                    self._aborted[message.run_id] = threading.Event()
                    self._executor.submit(self._run, message.run_id, message.task)
                elif message.run_id in self._aborted:
                    self._aborted[message.run_id].set()

    def _run(self, run_id: int, task: Task) -> None:
        aborted = self._aborted[run_id]
        with task_context(task.task_id):
            try:
                transcript = self._service.transcribe(
                    task, on_progress=_Reporter(self, run_id), should_stop=aborted.is_set
                )
                answer: Finished | Failed = Finished(run_id=run_id, transcript=transcript)
            except Exception as error:
                answer = _failed(run_id, error)
        del self._aborted[run_id]
        self._send(answer)

    def report(self, run_id: int, fraction: float) -> None:
        """Tell the supervisor how far a run is."""
        self._send(Progress(run_id=run_id, fraction=fraction))

    def _send(self, message: Ready | Progress | Finished | Failed) -> None:
        with self._send_lock:
            self._connection.sendall(message.line())


class _Reporter:
    """Passes progress on where it moved by a step."""

    def __init__(self, host: EngineHost, run_id: int) -> None:
        self._host = host
        self._run_id = run_id
        self._reported = -1.0

    def __call__(self, fraction: float) -> None:
        if fraction - self._reported >= PROGRESS_STEP:
            self._reported = fraction
            self._host.report(self._run_id, fraction)


def _failed(run_id: int, error: Exception) -> Failed:
    if not isinstance(error, ServiceError):
        logger.exception("Unexpected error while transcribing")
        error = EngineFailed(f"The engine failed unexpectedly: {type(error).__name__}: {error}")
    failure = TaskFailure(code=error.code, message=error.detail)
    return Failed(run_id=run_id, failure=failure, retryable=error.retryable)


def _die_with_supervisor() -> None:
    """Have the kernel kill this process with its parent, even while it is stuck in native code."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    """Serve on the socket whose number is the first argument."""
    _die_with_supervisor()
    faulthandler.enable()
    settings = read_settings()
    start_logging(settings, "engine")
    connection = socket.socket(fileno=int(sys.argv[1]))
    EngineHost(connection, TranscriptionService(settings), settings.tasks_in_flight).serve()
    os._exit(0)  # the supervisor is gone: nobody waits for what still runs in a thread


if __name__ == "__main__":
    main()
