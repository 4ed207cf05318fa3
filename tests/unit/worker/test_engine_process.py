"""The engine process's side of the socket: every run is answered once, under its own id."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from app.core.errors import TaskCancelled
from app.schemas.lending import Loan, OfferedWindow
from app.schemas.task import Task
from app.schemas.transcript import Transcript
from app.schemas.window import Checkpoint
from app.transcription.lending import Borrower
from app.transcription.request import Watch
from app.worker.engine_process import host as engine_host
from app.worker.engine_process.host import EngineHost
from app.worker.messages import (
    Abort,
    Borrowing,
    Failed,
    Finished,
    GivingBack,
    Help,
    Helped,
    Lent,
    Ready,
    Run,
    StageSeconds,
    from_engine,
)
from tests.unit.worker.test_messages import TRANSCRIPT

TASK = Task(task_id="a", file_path="a.wav")


class DeafService:
    """Hears that it should stop, and takes its time, as a model inside a long segment does."""

    def __init__(self) -> None:
        self._runs = 0

    def fetch(self, task: Task, should_stop: Callable[[], bool]) -> float | None:
        return 1.5

    def transcribe(self, task: Task, checkpoint: Checkpoint | None, watch: Watch) -> Transcript:
        self._runs += 1
        if self._runs > 1:
            return TRANSCRIPT
        while not watch.should_stop():
            time.sleep(0.01)
        time.sleep(0.3)
        raise TaskCancelled("The task was cancelled.")

    def take_stage_seconds(self) -> dict[str, float]:
        return {"device_busy_seconds": 0.5, "device_idle_seconds": 0.0}

    def help(self, task: Task, borrower: Borrower, watch: Watch) -> None:
        while not watch.should_stop() and not (loan := borrower.borrow("plan", 2)).is_over:
            borrower.give_back([window.number for window in loan.windows])


@pytest.fixture
def connection() -> Iterator[socket.socket]:
    """The supervisor's end of the socket."""
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    host = threading.Thread(target=EngineHost(theirs, DeafService(), 1, 1).serve)
    host.start()
    yield ours
    ours.shutdown(socket.SHUT_RDWR)
    host.join(30)
    ours.close()
    theirs.close()


def test_a_run_that_cannot_be_read_costs_no_other(connection: socket.socket) -> None:
    with connection.makefile("rb") as lines:
        assert from_engine.validate_json(next(lines)) == Ready()
        connection.sendall(b'{"kind": "run", "run_id": 7, "task": {"task_id": 1, "created_at": null}}\n')
        refused = from_engine.validate_json(next(lines))
        connection.sendall(b"no message at all\n" + Abort(run_id=9).line())
        for message in (Run(run_id=8, task=TASK), Abort(run_id=8)):
            connection.sendall(message.line())
        answer = from_engine.validate_json(next(lines))

    assert isinstance(refused, Failed)
    assert (refused.run_id, refused.failure.code, refused.retryable) == (7, "invalid_task", False)
    assert isinstance(answer, Failed)
    assert (answer.run_id, answer.failure.code) == (8, "cancelled")


def test_a_task_that_comes_back_while_its_aborted_run_lasts(
    connection: socket.socket,
) -> None:
    """A lost lease, the same worker claims again: the old run's end is not the new one's answer."""
    with connection.makefile("rb") as lines:
        assert from_engine.validate_json(next(lines)) == Ready()
        for message in (Run(run_id=1, task=TASK), Abort(run_id=1), Run(run_id=2, task=TASK)):
            connection.sendall(message.line())
        first, second = (from_engine.validate_json(next(lines)) for _ in range(2))
    assert isinstance(first, Failed)
    assert (first.run_id, first.failure.code) == (1, "cancelled")
    assert second == Finished(run_id=2, transcript=TRANSCRIPT)


def test_the_supervisor_is_told_how_the_time_is_spent(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Again and again, without being asked; what has not grown is left out."""
    monkeypatch.setattr(engine_host, "STAGE_SECONDS", 0.01)
    connection = request.getfixturevalue("connection")
    with connection.makefile("rb") as lines:
        messages = [from_engine.validate_json(next(lines)) for _ in range(3)]
    assert messages == [Ready(), *[StageSeconds(seconds={"device_busy_seconds": 0.5})] * 2]


def test_a_helper_asks_its_supervisor_and_ends_when_it_is_told(connection: socket.socket) -> None:
    window = OfferedWindow(number=3)
    with connection.makefile("rb") as lines:
        assert from_engine.validate_json(next(lines)) == Ready()
        connection.sendall(Help(run_id=1, task=TASK).line())
        assert from_engine.validate_json(next(lines)) == Borrowing(run_id=1, plan="plan", most=2)
        connection.sendall(Lent(run_id=1, loan=Loan(windows=(window,))).line())
        assert from_engine.validate_json(next(lines)) == GivingBack(run_id=1, numbers=(3,))
        assert from_engine.validate_json(next(lines)) == Borrowing(run_id=1, plan="plan", most=2)
        connection.sendall(Abort(run_id=1).line() + Lent(run_id=9, loan=Loan()).line())
        assert isinstance(from_engine.validate_json(next(lines)), Failed | Helped)
