"""Messages survive the way over the socket."""

import json

import pytest

from app.schemas.lending import Loan, Offer, OfferedWindow, Taken
from app.schemas.task import Task, TaskFailure
from app.schemas.transcript import Segment, Transcript
from app.schemas.window import Checkpoint, WindowDone, WindowTranscript
from app.worker.messages import (
    Abort,
    Alive,
    Borrowing,
    Failed,
    Finished,
    FromEngine,
    Given,
    GivingBack,
    Help,
    Helped,
    Lent,
    Offered,
    Offering,
    Ready,
    Run,
    Stage,
    Taking,
    ToEngine,
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
OFFERED = OfferedWindow(number=2, channel=1, start=5, end=9, speech=((6, 8),), covered=1.5, expected="ru")
TASK = Task(task_id="a", file_path="a.wav")


@pytest.mark.parametrize(
    "message",
    [
        Run(run_id=1, task=TASK),
        Run(run_id=1, task=TASK, checkpoint=Checkpoint(plan="p", windows=(WINDOW,))),
        Help(run_id=1, task=TASK),
        Abort(run_id=1),
        Offered(run_id=1, is_asked=True),
        Given(run_id=1, taken=None),
        Given(run_id=1, taken=Taken(mine=(3,), suspects=(2,), done=(WINDOW,))),
        Lent(run_id=1, loan=Loan(windows=(OFFERED,), saved_plan="p")),
    ],
)
def test_to_engine(message: ToEngine) -> None:
    assert message.line().count(b"\n") == 1
    assert to_engine.validate_json(message.line()) == message


@pytest.mark.parametrize(
    "message",
    [
        Ready(),
        Alive(run_id=1, stage=Stage.READING),
        Window(run_id=1, done=WindowDone(plan="p", window=WINDOW, covered=2.5)),
        Offering(run_id=1, offer=Offer(plan="l", saved_plan="p", windows=(OFFERED,))),
        Taking(run_id=1, saved_plan="p", numbers=(2, 3), most=1),
        Borrowing(run_id=1, plan="l", most=16),
        GivingBack(run_id=1, numbers=(2,)),
        Helped(run_id=1),
        Finished(run_id=1, transcript=TRANSCRIPT),
        Failed(run_id=1, failure=TaskFailure(code="x", message="y\nz"), retryable=True),
    ],
)
def test_from_engine(message: FromEngine) -> None:
    assert message.line().count(b"\n") == 1
    assert from_engine.validate_json(message.line()) == message


def test_a_result_names_what_is_not_known() -> None:
    """Silence has no language, and a reader finds the field all the same; words are there only on request."""
    stored = json.loads(TRANSCRIPT.model_copy(update={"language": None}).model_dump_json())
    assert stored["language"] is None
    assert "words" not in stored["segments"][0]
