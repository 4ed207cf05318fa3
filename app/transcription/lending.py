"""Windows that are lent: what those who transcribe ask of whoever talks to the queue."""

from collections.abc import Sequence
from typing import Protocol

from app.schemas.lending import Loan, Offer, Taken
from app.schemas.window import WindowDone

LOOK_SECONDS = 1.0
"""How often the owner of a long recording renews its offer, and asks whether somebody wants to help."""

IDLE_SECONDS = 0.2
"""Pause where nothing is to be had now, though it may be soon …"""

LONGEST_IDLE_SECONDS = 2.0
"""… which doubles up to this: hundreds of helpers must not keep Redis busy with questions."""

MOST_WINDOWS = 16
"""Windows that are taken or borrowed at a time: enough for a batch, few enough to give back."""


class Lender(Protocol):
    """The owner's side, for the thread that transcribes the recording. Nothing is raised where Redis is away:
    then nobody helps."""

    def offer(self, offer: Offer) -> bool:
        """Offer windows, or renew what is on offer; whether somebody wants to help."""

    def take(self, saved_plan: str, numbers: Sequence[int], most: int) -> Taken | None:
        """Of these windows, those that are done and those that the owner may do now, as many as `most`.

        None where it cannot be known: then whatever the owner does is right, since the first transcript of a
        window counts and all are the same.
        """


class Borrower(Protocol):
    """A helper's side, for the thread that helps. Nothing is raised where Redis is away."""

    def borrow(self, plan: str, most: int) -> Loan:
        """Windows to be done, as many as `most`."""

    def deliver(self, done: WindowDone) -> None:
        """Hand a window in."""

    def give_back(self, numbers: Sequence[int]) -> None:
        """Give back windows that have not been begun."""


class _NotLent:
    """For whoever has no queue: nobody helps."""

    def offer(self, _: Offer) -> bool:
        return False

    def take(self, saved_plan: str, numbers: Sequence[int], most: int) -> Taken | None:  # noqa: ARG002
        return None


NOT_LENT: Lender = _NotLent()
