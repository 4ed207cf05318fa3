"""What the supervisor answers where windows of a long recording are lent: to its owner, and to who helps."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from redis.exceptions import RedisError

from app.core.background import end
from app.core.config import Settings
from app.core.errors import QueueUnavailable
from app.queue.claims import Claim
from app.queue.consumer import Consumer
from app.queue.lending import OfferOutcome
from app.queue.outcomes import CheckpointOutcome
from app.schemas.lending import Loan
from app.schemas.window import WindowDone
from app.worker.messages import Borrowing, Given, Lent, Offered, Offering, Question, Reply, Taking

logger = logging.getLogger(__name__)

AWAY = (QueueUnavailable, RedisError)
"""What is raised while Redis cannot serve: the owner then goes on alone, and helpers have nothing to do."""

DELIVERY_PAUSE_SECONDS = 1.0


class OwnerDesk:
    """Answers the run of a claim that lends its windows, where it `may_lend` any."""

    def __init__(self, consumer: Consumer, claim: Claim, *, may_lend: bool) -> None:
        self._consumer = consumer
        self._claim = claim
        self._may_lend = may_lend
        self._has_offered = False

    async def answer(self, question: Question) -> Reply:
        """What the queue says; where it says nothing, that nobody helps."""
        if isinstance(question, Offering):
            return Offered(run_id=question.run_id, is_asked=await self._offer(question))
        if isinstance(question, Taking):
            return await self._give(question)
        return Lent(run_id=question.run_id, loan=Loan(is_over=True))

    async def withdraw(self) -> None:
        """The run has ended."""
        if not self._has_offered:
            return
        try:
            await self._consumer.lending.withdraw(self._claim.task.task_id, self._claim.token)
        except AWAY as error:
            logger.info("What was on offer of the recording ends by itself: %s", error)

    async def _offer(self, question: Offering) -> bool:
        is_alone = self._consumer.workers < 2 and not self._has_offered
        if is_alone or not self._may_lend:
            return False
        self._has_offered = True
        try:
            outcome = await self._consumer.lending.offer(
                self._claim.task.task_id, self._claim.token, question.offer
            )
        except AWAY as error:
            logger.debug("Nothing can be lent now: %s", error)
            return False
        return outcome is OfferOutcome.ASKED

    async def _give(self, question: Taking) -> Given:
        try:
            taken = await self._consumer.lending.take(
                self._claim.task.task_id,
                self._claim.token,
                question.saved_plan,
                question.numbers,
                question.most,
            )
        except AWAY as error:
            logger.debug("What others have done is not known now: %s", error)
            taken = None
        return Given(run_id=question.run_id, taken=taken)


class HelperDesk:
    """Answers the run that helps with a task, and hands in what it does.

    `is_over` is called where nobody wants its windows any more.
    """

    def __init__(
        self, settings: Settings, consumer: Consumer, task_id: str, is_over: Callable[[], None]
    ) -> None:
        self._consumer = consumer
        self._task_id = task_id
        self._is_over = is_over
        self._prolong_seconds = settings.share_loan_seconds / 3
        self._patience_seconds = settings.lease_seconds
        self._held: set[int] = set()
        self._finished: asyncio.Queue[WindowDone | Sequence[int]] = asyncio.Queue()
        self.delivered = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Keep the loans while the block lasts; what is left of them then was begun in vain."""
        background = [asyncio.create_task(self._prolong()), asyncio.create_task(self._hand_in())]
        try:
            yield
        finally:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    await self._finished.join()
            except TimeoutError:
                logger.warning("Windows that were borrowed cannot be delivered: their owner will do them")
            await end(background)
            await self._return(tuple(self._held), begun=True)

    async def answer(self, question: Question) -> Reply:
        """Borrow windows."""
        assert isinstance(question, Borrowing)
        try:
            outcome, loan = await self._consumer.lending.borrow(
                self._consumer.worker_id, self._task_id, question.plan, question.most
            )
        except AWAY as error:
            logger.debug("Nothing can be borrowed now: %s", error)
            return Lent(run_id=question.run_id, loan=Loan())
        if loan.is_over:
            logger.info("No more help with this recording: %s", outcome)
        if loan.windows:
            self._held.update(window.number for window in loan.windows)
            await self._consumer.counters.add(windows_lent=len(loan.windows))
        return Lent(run_id=question.run_id, loan=loan)

    def on_window(self, done: WindowDone) -> None:
        """A window is to be delivered."""
        self._finished.put_nowait(done)

    def on_give_back(self, numbers: Sequence[int]) -> None:
        """Windows are to be given back, which were not begun."""
        self._finished.put_nowait(numbers)

    async def _prolong(self) -> None:
        while True:
            await asyncio.sleep(self._prolong_seconds)
            try:
                is_held = await self._consumer.lending.prolong(
                    self._consumer.worker_id, self._task_id, tuple(self._held)
                )
            except AWAY as error:
                logger.debug("Loans cannot be prolonged now: %s", error)
                continue
            if not is_held:
                self._is_over()

    async def _hand_in(self) -> None:
        while True:
            each = await self._finished.get()
            try:
                if isinstance(each, WindowDone):
                    await self._deliver(each)
                else:
                    await self._return(each, begun=False)
            finally:
                self._finished.task_done()

    async def _deliver(self, done: WindowDone) -> None:
        """Deliver a window: it counts even after its loan has ended, unless somebody else was first."""
        deadline = time.monotonic() + self._patience_seconds
        while time.monotonic() < deadline:
            try:
                outcome = await self._consumer.lending.deliver(self._task_id, done)
            except AWAY as error:
                logger.debug("A window cannot be delivered now: %s", error)
                await asyncio.sleep(DELIVERY_PAUSE_SECONDS)
                continue
            self._held.discard(done.window.number)
            if outcome is CheckpointOutcome.SAVED:
                self.delivered += 1
                await self._consumer.counters.add(windows_delivered=1)
            return

    async def _return(self, numbers: Sequence[int], *, begun: bool) -> None:
        if not numbers:
            return
        self._held.difference_update(numbers)
        try:
            returned = await self._consumer.lending.give_back(
                self._consumer.worker_id, self._task_id, numbers, begun=begun
            )
        except AWAY as error:
            logger.info("Borrowed windows are given back when their loan ends: %s", error)
            return
        await self._consumer.counters.add(windows_returned=returned)
