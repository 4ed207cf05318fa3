"""Messages survive the way over the socket."""

import pytest

from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Segment, Transcript
from app.worker.messages import Abort, Failed, Finished, Progress, Ready, Run, from_engine, to_engine

TRANSCRIPT = Transcript(
    text="Привет\nмир",
    language="ru",
    language_probability=0.9,
    duration=2.5,
    segments=(Segment(id=0, start=0.0, end=2.5, text="Привет\nмир"),),
    model="base",
    engine="fake",
    compute_type="int8",
    device="cpu",
    processing_seconds=0.1,
    trimmed=False,
)


@pytest.mark.parametrize("message", [Run(task=Task(task_id="a", file_path="a.wav")), Abort(task_id="a")])
def test_to_engine(message: Run | Abort) -> None:
    assert message.line().count(b"\n") == 1
    assert to_engine.validate_json(message.line()) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Progress(task_id="a", fraction=0.5),
        Finished(task_id="a", transcript=TRANSCRIPT),
        Failed(task_id="a", failure=TaskFailure(code="x", message="y\nz"), retryable=True),
    ],
)
def test_from_engine(message: Ready | Progress | Finished | Failed) -> None:
    assert message.line().count(b"\n") == 1
    assert from_engine.validate_json(message.line()) == message
