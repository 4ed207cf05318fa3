"""What a run in the engine process asks of its supervisor, who talks to the queue."""

from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue

from app.schemas.lending import Loan, Offer, Taken
from app.schemas.window import WindowDone
from app.worker.messages import (
    Borrowing,
    Given,
    GivingBack,
    Lent,
    Offered,
    Offering,
    Question,
    Reply,
    Taking,
    Window,
)

POLL_SECONDS = 0.2
"""How often a run that waits for a reply asks whether it is still wanted."""


class Desk:
    """The Lender and the Borrower (app.transcription.lending) of one run, whose thread waits for each reply.

    `check` raises TaskCancelled where the run is not wanted any more.
    """

    def __init__(
        self, send: Callable[[Question | GivingBack | Window], None], run_id: int, check: Callable[[], None]
    ) -> None:
        self._send = send
        self._run_id = run_id
        self._check = check
        self._replies: SimpleQueue[Reply] = SimpleQueue()

    def hear(self, reply: Reply) -> None:
        """The supervisor has replied."""
        self._replies.put(reply)

    def offer(self, offer: Offer) -> bool:
        """See Lender."""
        reply = self._ask(Offering(run_id=self._run_id, offer=offer))
        return isinstance(reply, Offered) and reply.is_asked

    def take(self, saved_plan: str, numbers: Sequence[int], most: int) -> Taken | None:
        """See Lender."""
        taking = Taking(run_id=self._run_id, saved_plan=saved_plan, numbers=tuple(numbers), most=most)
        reply = self._ask(taking)
        return reply.taken if isinstance(reply, Given) else None

    def borrow(self, plan: str, most: int) -> Loan:
        """See Borrower."""
        reply = self._ask(Borrowing(run_id=self._run_id, plan=plan, most=most))
        return reply.loan if isinstance(reply, Lent) else Loan()

    def deliver(self, done: WindowDone) -> None:
        """See Borrower."""
        self._send(Window(run_id=self._run_id, done=done))

    def give_back(self, numbers: Sequence[int]) -> None:
        """See Borrower."""
        if numbers:
            self._send(GivingBack(run_id=self._run_id, numbers=tuple(numbers)))

    def _ask(self, question: Question) -> Reply:
        self._send(question)
        while True:
            try:
                return self._replies.get(timeout=POLL_SECONDS)
            except Empty:
                self._check()
