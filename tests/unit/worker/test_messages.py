"""Messages survive the way over the socket."""

import json

import pytest

from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Segment, Transcript
from app.schemas.window import Checkpoint, WindowDone, WindowTranscript
from app.worker.messages import (
    Abort,
    Alive,
    Failed,
    Finished,
    Ready,
    Run,
    Stage,
    Window,
    from_engine,
    to_engine,
)

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

WINDOW = WindowTranscript(number=0, start=0.0, end=2.5, segments=TRANSCRIPT.segments, language="ru")
TASK = Task(task_id="a", file_path="a.wav")


@pytest.mark.parametrize(
    "message",
    [
        Run(run_id=1, task=TASK),
        Run(run_id=1, task=TASK, checkpoint=Checkpoint(plan="p", windows=(WINDOW,))),
        Abort(run_id=1),
    ],
)
def test_to_engine(message: Run | Abort) -> None:
    assert message.line().count(b"\n") == 1
    assert to_engine.validate_json(message.line()) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Alive(run_id=1, stage=Stage.READING),
        Window(run_id=1, done=WindowDone(plan="p", window=WINDOW, covered=2.5)),
        Finished(run_id=1, transcript=TRANSCRIPT),
        Failed(run_id=1, failure=TaskFailure(code="x", message="y\nz"), retryable=True),
    ],
)
def test_from_engine(message: Ready | Alive | Window | Finished | Failed) -> None:
    assert message.line().count(b"\n") == 1
    assert from_engine.validate_json(message.line()) == message


def test_a_result_names_what_is_not_known() -> None:
    """Silence has no language, and a reader finds the field all the same; words are there only on request."""
    stored = json.loads(TRANSCRIPT.model_copy(update={"language": None}).model_dump_json())
    assert stored["language"] is None
    assert "words" not in stored["segments"][0]
