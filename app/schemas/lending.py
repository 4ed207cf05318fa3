"""Windows of a long recording that its owner lends to idle workers: where they lie, and never their sound."""

from pydantic import BaseModel, ConfigDict, Field

from app.schemas.window import WindowTranscript

FrameSpans = tuple[tuple[int, int], ...]


class OfferedWindow(BaseModel):
    """Where a window lies in its recording, as its owner has cut it, in frames of 32 ms.

    A borrower cuts there and nowhere else, so that speech need not be detected alike on two processors.
    """

    model_config = ConfigDict(frozen=True)

    number: int = Field(ge=0, description="Place of the window in its recording, from 0.")
    channel: int | None = Field(None, description="Channel that it is of, where channels are kept apart.")
    start: int = 0
    end: int = 0
    speech: FrameSpans = Field((), description="What is taken for speech in it.")
    voiced: FrameSpans | None = Field(None, description="The speech detected in it; None: the same.")
    covered: float = Field(0.0, ge=0, description="As in `WindowDone`.")
    expected: str | None = Field(None, description="Language that the recording is in.")


class Offer(BaseModel):
    """What the owner of a recording lends; without windows: there will be some.

    `plan` names everything that a window's transcript depends on, the decoding of the recording included:
    only who has the same may borrow. `saved_plan` is that of `Checkpoint`.
    """

    model_config = ConfigDict(frozen=True)

    plan: str
    saved_plan: str
    windows: tuple[OfferedWindow, ...] = ()


class Taken(BaseModel):
    """What the owner learns of the windows that it asks for: those that are its own now, and those done.

    `suspects` are its own, too: whoever borrowed them was lost, so that they are decoded last and alone.
    """

    model_config = ConfigDict(frozen=True)

    mine: tuple[int, ...] = ()
    suspects: tuple[int, ...] = ()
    done: tuple[WindowTranscript, ...] = ()


class Loan(BaseModel):
    """What a borrower is told: `is_over` where there is nothing to be had of this recording any more."""

    model_config = ConfigDict(frozen=True)

    windows: tuple[OfferedWindow, ...] = ()
    saved_plan: str = ""
    is_over: bool = False
